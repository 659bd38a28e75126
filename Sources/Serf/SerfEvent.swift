package import Primitives

/// An event of the pool, for the protocol on top.
package enum SerfEvent: Sendable, Hashable {
    package enum MemberChange: String, Sendable, Hashable, CaseIterable {
        case join = "EventMemberJoin"
        case leave = "EventMemberLeave"
        case failed = "EventMemberFailed"
        case update = "EventMemberUpdate"
        /// Forgotten, after the reconnect or tombstone timeout.
        case reap = "EventMemberReap"
    }

    case member(MemberChange, SerfMember)
    case user(UserMessage)
    /// A query of another member, or of this one, that passed its filters. Answer with
    /// `SerfInput.respond`, before the deadline.
    case query(ReceivedQuery)
}

/// A user event of Serf: a name and a payload that reach every member.
package struct UserMessage: Sendable, Hashable {
    package var lTime: UInt64
    package var name: String
    package var payload: [UInt8]
    package var coalesces: Bool

    package init(lTime: UInt64, name: String, payload: [UInt8], coalesces: Bool) {
        self.lTime = lTime
        self.name = name
        self.payload = payload
        self.coalesces = coalesces
    }
}

/// Names a query in the pool.
package struct QueryID: Sendable, Hashable {
    package var lTime: UInt64
    package var id: UInt32
    package init(lTime: UInt64, id: UInt32) {
        self.lTime = lTime
        self.id = id
    }
}

/// A query that asks for an answer of this node.
package struct ReceivedQuery: Sendable, Hashable {
    package var id: QueryID
    package var name: String
    package var payload: [UInt8]
    /// The member that asks; empty when it is too old to say.
    package var sourceNode: String
    package var deadline: Instant

    package init(
        id: QueryID, name: String, payload: [UInt8], sourceNode: String, deadline: Instant
    ) {
        self.id = id
        self.name = name
        self.payload = payload
        self.sourceNode = sourceNode
        self.deadline = deadline
    }
}

/// A question for all members, or for those that pass the filters.
package struct QueryRequest: Sendable, Hashable {
    package var name: String
    package var payload: [UInt8]
    /// Only these members answer; empty for all.
    package var nodes: [String] = []
    /// Tag to regular expression: only members whose tags match all answer.
    package var tags: [String: String] = [:]
    /// Members confirm the receipt.
    package var wantsAcks = false
    /// The number of members that also carry each answer, 0...5.
    package var relayFactor: UInt8 = 0
    /// Zero for the default: gossip interval x 16 x ceil(log10(n + 1)).
    package var timeout = GoDuration.zero

    package init(name: String, payload: [UInt8] = []) {
        self.name = name
        self.payload = payload
    }
}

/// A result of a query that this node sent.
package enum QueryProgress: Sendable, Hashable {
    case ack(from: String)
    case response(from: String, payload: [UInt8])
    /// The time is over. No progress follows.
    case ended
}
