internal import Memberlist

/// The messages that wait to be gossiped, by kind.
struct GossipQueues: Sendable {
    /// In the order in which they fill a datagram.
    enum Kind: Int, CaseIterable, Sendable {
        case intents
        case queries
        case events

        /// Serf's name in logs and metrics.
        var name: String {
            switch self {
            case .intents: "Intent"
            case .queries: "Query"
            case .events: "Event"
            }
        }
    }

    private var queues = [TransmitLimitedQueue](
        repeating: TransmitLimitedQueue(), count: Kind.allCases.count)

    subscript(kind: Kind) -> TransmitLimitedQueue {
        get { queues[kind.rawValue] }
        _modify { yield &queues[kind.rawValue] }
    }

    var isEmpty: Bool { queues.allSatisfy { $0.count == 0 } }

    /// Removes and returns messages for one datagram: each costs its length plus `overhead` of
    /// `limit` bytes.
    mutating func take(overhead: Int, limit: Int, transmissionsMax: Int) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var left = limit
        for index in queues.indices where left > overhead && queues[index].count > 0 {
            let taken = queues[index].take(
                overhead: overhead, limit: left, transmissionsMax: transmissionsMax)
            for message in taken { left -= message.count + overhead }
            messages += taken
        }
        return messages
    }
}
