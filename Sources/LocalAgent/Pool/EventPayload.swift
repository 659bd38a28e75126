package import ConsulModel
internal import Primitives
internal import Wire

/// The payload of a user event in Serf: Consul's map with short keys. Written with the newer forms
/// of MessagePack (`str8`, `bin8`), unlike all else that gossip carries.
package enum EventPayload {
    /// Before the name of a user event in Serf's messages.
    package static let namePrefix = "consul:event:"

    private struct Content: Record {
        var id = ""
        var name = ""
        var payload = Bytes()
        var nodeFilter = ""
        var serviceFilter = ""
        var tagFilter = ""
        var version = 1
        init() {}

        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("ID", &id)
            try visit.field("n", &name)
            try visit.field("p", &payload, .omitEmpty)
            try visit.field("nf", &nodeFilter, .omitEmpty)
            try visit.field("sf", &serviceFilter, .omitEmpty)
            try visit.field("tf", &tagFilter, .omitEmpty)
            try visit.field("v", &version)
        }
    }

    /// Returns the event of a payload, without its Lamport time.
    package static func decode(_ payload: [UInt8]) throws -> UserEvent {
        let content: Content = try MessagePackReader.decode(from: payload)
        var event = UserEvent()
        event.id = content.id
        event.name = content.name
        event.payload = content.payload
        event.nodeFilter = content.nodeFilter
        event.serviceFilter = content.serviceFilter
        event.tagFilter = content.tagFilter
        event.version = content.version
        return event
    }

    package static func encode(_ event: UserEvent) -> [UInt8] {
        let filters = [
            ("nf", event.nodeFilter), ("sf", event.serviceFilter), ("tf", event.tagFilter),
        ].filter { !$0.1.isEmpty }
        let count = 3 + filters.count + (event.payload.isEmpty ? 0 : 1)
        var out: [UInt8] = [0x80 | UInt8(count)]
        text("ID", to: &out)
        text(event.id, to: &out)
        text("n", to: &out)
        text(event.name, to: &out)
        // Keys in byte order, as HashiCorp's agents write them.
        for (key, filter) in filters where key == "nf" {
            text(key, to: &out)
            text(filter, to: &out)
        }
        if !event.payload.isEmpty {
            text("p", to: &out)
            blob(event.payload.array, to: &out)
        }
        for (key, filter) in filters where key != "nf" {
            text(key, to: &out)
            text(filter, to: &out)
        }
        text("v", to: &out)
        out.append(UInt8(truncatingIfNeeded: event.version & 0x7F))
        return out
    }

    private static func text(_ text: String, to out: inout [UInt8]) {
        let bytes = Array(text.utf8)
        switch bytes.count {
        case ..<32: out.append(0xA0 | UInt8(bytes.count))
        case ..<256: out += [0xD9, UInt8(bytes.count)]
        default: out += [0xDA, UInt8(bytes.count >> 8 & 0xFF), UInt8(bytes.count & 0xFF)]
        }
        out += bytes
    }

    private static func blob(_ bytes: [UInt8], to out: inout [UInt8]) {
        if bytes.count < 256 {
            out += [0xC4, UInt8(bytes.count)]
        } else {
            out += [0xC5, UInt8(bytes.count >> 8 & 0xFF), UInt8(bytes.count & 0xFF)]
        }
        out += bytes
    }
}
