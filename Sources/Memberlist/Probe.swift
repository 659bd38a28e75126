internal import Primitives

/// The one open probe of a member.
struct Probe: Sendable {
    enum Stage: Sendable {
        /// The member was pinged.
        case direct
        /// Others were requested to ping it, and it was pinged by stream.
        case indirect
    }

    /// The member when the probe began: a later refutation has a higher incarnation, so that the
    /// accusation of this one is too old.
    let member: PoolMember
    let sequence: UInt32
    let sentAt: Instant
    /// The end of the direct stage.
    let timeoutAt: Instant
    let deadline: Instant
    var stage = Stage.direct
    var nacksExpected = 0
    var nacks = 0
    /// The ping by stream.
    var stream: OutgoingStream?
    var isAnsweredByStream = false

    /// The change of the health score when the probe fails: the nacks that did not come, or 1 when
    /// no member could send one.
    var failureDelta: Int { nacksExpected > 0 ? nacksExpected - nacks : 1 }

    var nextDeadline: Instant { stage == .direct ? min(timeoutAt, deadline) : deadline }
}

/// A ping that this node sent for another one.
struct RelayedPing: Sendable {
    let requester: TransportAddress
    /// The requester's number, for the answer.
    let sequence: UInt32
    /// True until a nack is sent, when the requester wants one.
    var owesNack: Bool
    /// The instant of the nack, or of the end.
    var deadline: Instant
    let end: Instant
}

/// A stream that this node opened.
enum OpenStream: Sendable {
    case pushPull(TransportAddress, member: String?, isJoin: Bool)
    case ping(sequence: UInt32)
}

/// A timer of one of many: stale ones are recognised when they fire.
struct Deadline: Comparable, Sendable {
    enum Owner: Hashable, Sendable {
        case suspicion(MemberTable.Slot)
        case relay(UInt32)
    }

    let at: Instant
    let owner: Owner

    static func < (a: Deadline, b: Deadline) -> Bool { a.at < b.at }
}
