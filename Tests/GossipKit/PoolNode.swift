package import Memberlist
package import Primitives
package import Serf

/// A node under simulation: memberlist's core alone, or Serf's on top.
package protocol PoolNode {
    var name: String { get }
    mutating func start(now: Instant, into effects: inout Effects)
    mutating func step(_ input: MemberlistInput, now: Instant, into effects: inout Effects)
    mutating func join(_ address: TransportAddress, now: Instant, into effects: inout Effects)
    mutating func leave(now: Instant, into effects: inout Effects)
    func state(of name: String) -> KnownState?
    var memberCount: Int { get }
    var healthScore: Int { get }
    var queuedCount: Int { get }
}

/// A member as another one knows it.
package struct KnownState: Sendable, Hashable {
    package var state: MemberState
    package var incarnation: UInt32
    package init(_ state: MemberState, incarnation: UInt32) {
        self.state = state
        self.incarnation = incarnation
    }

    /// Whether this may follow another state of the same member: the incarnation rises, or the
    /// claim is a stronger one.
    package func mayFollow(_ earlier: KnownState) -> Bool {
        if incarnation != earlier.incarnation { return incarnation > earlier.incarnation }
        return strength >= earlier.strength
    }

    private var strength: Int {
        switch state {
        case .alive: 0
        case .suspect: 1
        case .dead, .left: 2
        }
    }
}

/// The result of a node's step.
package struct Effects {
    package var directives: [MemberlistDirective] = []
    package var observations: [Observation] = []
    package init() {}
}

/// A fact that a node reports to the protocol on top.
package enum Observation: Sendable, Hashable {
    case joined(String)
    case gone(String, MemberState)
    case updated(String)
    case conflict(String)
    case event(UserMessage)
    case pushPullEnded(failure: String?)
    case joinEnded(accepted: Int)
    case leaveEnded
    case query(QueryID)
    case response(from: String)
    case stopped
}

/// A node of memberlist alone.
package struct MemberNode: PoolNode {
    package var core: MemberlistCore
    private var delegate = PlainDelegate()

    package init(_ core: MemberlistCore) { self.core = core }

    package var name: String { core.name }
    package var memberCount: Int { core.memberCount }
    package var healthScore: Int { core.healthScore }
    package var queuedCount: Int { core.queuedCount }

    package func state(of name: String) -> KnownState? {
        core.member(named: name).map { KnownState($0.state, incarnation: $0.incarnation) }
    }

    package mutating func start(now: Instant, into effects: inout Effects) {
        core.start(now: now, delegate: &delegate)
        take(into: &effects)
    }

    package mutating func step(
        _ input: MemberlistInput, now: Instant, into effects: inout Effects
    ) {
        core.step(input, now: now, delegate: &delegate)
        take(into: &effects)
    }

    package mutating func join(
        _ address: TransportAddress, now: Instant, into effects: inout Effects
    ) {
        _ = core.pushPull(with: address, isJoin: true, now: now, delegate: &delegate)
        take(into: &effects)
    }

    package mutating func leave(now: Instant, into effects: inout Effects) {
        core.leave(timeout: .seconds(5), now: now, delegate: &delegate)
        take(into: &effects)
    }

    private mutating func take(into effects: inout Effects) {
        effects.directives = core.takeDirectives()
        effects.observations = delegate.observations
        if !delegate.observations.isEmpty { delegate.observations = [] }
    }
}

/// A delegate without a protocol on top.
struct PlainDelegate: MemberlistDelegate {
    var observations: [Observation] = []

    mutating func receiveUserMessage(_ message: ArraySlice<UInt8>, now: Instant) {}
    mutating func broadcasts(overhead: Int, limit: Int, memberCount: Int) -> [[UInt8]] { [] }
    mutating func localState(isJoin: Bool) -> [UInt8] { [] }
    mutating func mergeRemoteState(_ state: ArraySlice<UInt8>, isJoin: Bool, now: Instant) {}
    func refusal(ofAlive member: PoolMember) -> String? { nil }
    func refusal(ofMerge members: [PoolMember]) -> String? { nil }

    mutating func memberJoined(_ member: PoolMember, now: Instant) {
        observations.append(.joined(member.name))
    }
    mutating func memberGone(_ member: PoolMember, now: Instant) {
        observations.append(.gone(member.name, member.state))
    }
    mutating func memberUpdated(_ member: PoolMember, now: Instant) {
        observations.append(.updated(member.name))
    }
    mutating func nameConflict(known: PoolMember, other: PoolMember, now: Instant) {
        observations.append(.conflict(known.name))
    }

    func ackPayload() -> [UInt8] { [] }
    mutating func pingCompleted(
        _ member: PoolMember, roundTrip: GoDuration, payload: ArraySlice<UInt8>
    ) {}
    mutating func pushPullEnded(
        _ stream: OutgoingStream, isJoin: Bool, failure: String?, now: Instant
    ) {
        observations.append(.pushPullEnded(failure: failure))
    }
    mutating func leaveEnded(now: Instant) { observations.append(.leaveEnded) }
}
