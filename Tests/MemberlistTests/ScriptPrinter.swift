import Primitives
import Wire

@testable import Memberlist

/// Describes packets in few words.
enum ScriptPrinter {
    struct Part {
        var kind: String
        var text: String
    }

    /// Returns the messages of a packet, in order.
    static func parts(_ packet: [UInt8], _ range: Range<Int>? = nil) throws -> [Part] {
        let range = range ?? 0..<packet.count
        guard let first = range.first else { return [Part(kind: "empty", text: "nothing")] }
        let body = MessageBody(bytes: packet, range: first + 1..<range.upperBound)
        switch MessageType(rawValue: packet[first]) {
        case .compound:
            return try Compound.parts(of: packet, in: body.range).ranges
                .flatMap { try parts(packet, $0) }
        case .ping:
            let ping: Ping = try body.decode()
            return [Part(kind: "ping", text: "ping \(ping.node)")]
        case .indirectPing:
            let ping: IndirectPing = try body.decode()
            let nack = ping.wantsNack ? " or nack" : ""
            return [Part(kind: "indirect", text: "indirect ping \(ping.node)\(nack)")]
        case .ack: return [Part(kind: "ack", text: "ack")]
        case .nack: return [Part(kind: "nack", text: "nack")]
        case .suspect:
            let claim: Suspect = try body.decode()
            return [
                Part(
                    kind: "suspect",
                    text: "suspect \(claim.node)@\(claim.incarnation) from \(claim.from)")
            ]
        case .dead:
            let claim: Dead = try body.decode()
            return [
                Part(
                    kind: "dead", text: "dead \(claim.node)@\(claim.incarnation) from \(claim.from)"
                )
            ]
        case .alive:
            let alive: Alive = try body.decode()
            return [Part(kind: "alive", text: "alive \(alive.node)@\(alive.incarnation)")]
        case .user: return [Part(kind: "user", text: "user message")]
        default: return [Part(kind: "other", text: "type \(packet[first])")]
        }
    }

    static func frame(_ frame: [UInt8]) -> String {
        switch frame.first.flatMap({ MessageType(rawValue: $0) }) {
        case .pushPull:
            guard let state = try? RemoteState(frame: frame) else { return "torn push/pull" }
            let nodes = state.nodes.sorted { $0.name < $1.name }.map { node in
                "\(node.name)@\(node.incarnation) \(node.knownState.map { "\($0)" } ?? "?")"
            }
            return "push/pull\(state.isJoin ? " join" : "") [\(nodes.joined(separator: ", "))]"
        case .ping: return "stream ping"
        case .ack: return "stream ack"
        default: return "frame \(frame.first ?? 0)"
        }
    }
}
