import ConsulModel
import Wire

/// Computes the size of an event in a gossip packet: Consul's MessagePack map inside Serf's.
enum EventSize {
    /// Returns the error text for an event that exceeds the bound before or after Serf's encoding;
    /// nil for one within it.
    static func excess(_ event: UserEvent, lTime: UInt64, most: Int) -> String? {
        let name = "consul:event:".utf8.count + event.name.utf8.count
        let inner = inner(event)
        let limit = "exceeds configured limit of \(most) bytes"
        if name + inner > most { return "user event \(limit) before encoding" }
        let outer =
            1 + 1 + text(5) + number(lTime) + text(4) + text(name) + text(7) + bytes(inner)
            + text(2) + 1
        return outer > most ? "encoded user event \(limit) after encoding" : nil
    }

    private static func inner(_ event: UserEvent) -> Int {
        var size = 1 + text(2) + text(36) + text(1) + text(event.name.utf8.count) + text(1) + 1
        if !event.payload.isEmpty { size += text(1) + bytes(event.payload.count) }
        for filter in [event.nodeFilter, event.serviceFilter, event.tagFilter]
        where !filter.isEmpty {
            size += text(2) + text(filter.utf8.count)
        }
        return size
    }

    private static func text(_ count: Int) -> Int {
        count + (count < 32 ? 1 : count < 256 ? 2 : 3)
    }

    private static func bytes(_ count: Int) -> Int { count + (count < 256 ? 2 : 3) }

    private static func number(_ value: UInt64) -> Int {
        value < 128 ? 1 : value < 256 ? 2 : value < 65536 ? 3 : 5
    }
}
