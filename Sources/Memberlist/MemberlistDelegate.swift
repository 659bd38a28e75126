package import Primitives

/// The protocol on top of memberlist (Serf). `MemberlistCore.step` calls it synchronously; it must
/// not step the core, but records what it wants and has it done after the step.
package protocol MemberlistDelegate {
    /// Receives an opaque message: by gossip, by a datagram to this node alone, or by stream.
    mutating func receiveUserMessage(_ message: ArraySlice<UInt8>, now: Instant)
    /// Returns queued messages for one datagram: each costs its length plus `overhead` of `limit`
    /// bytes.
    mutating func broadcasts(overhead: Int, limit: Int, memberCount: Int) -> [[UInt8]]
    /// Returns the opaque state for a push/pull.
    mutating func localState(isJoin: Bool) -> [UInt8]
    /// Receives the other side's opaque state.
    mutating func mergeRemoteState(_ state: ArraySlice<UInt8>, isJoin: Bool, now: Instant)

    /// Returns why this member may not be in the pool; nil admits it. Judges every alive message.
    func refusal(ofAlive member: PoolMember) -> String?
    /// Returns why this list must not be merged; nil accepts it. Judges a push/pull that joins.
    func refusal(ofMerge members: [PoolMember]) -> String?

    mutating func memberJoined(_ member: PoolMember, now: Instant)
    /// - Parameter member: its state is `.left` or `.dead`.
    mutating func memberGone(_ member: PoolMember, now: Instant)
    mutating func memberUpdated(_ member: PoolMember, now: Instant)
    /// Two addresses have one name: that of `known` is unchanged.
    mutating func nameConflict(known: PoolMember, other: PoolMember, now: Instant)

    /// Returns the payload of an ack by datagram.
    func ackPayload() -> [UInt8]
    /// Reports the ack of a direct ping, with its payload.
    mutating func pingCompleted(
        _ member: PoolMember, roundTrip: GoDuration, payload: ArraySlice<UInt8>)

    /// Reports the end of `MemberlistCore.pushPull(with:)`.
    mutating func pushPullEnded(
        _ stream: OutgoingStream, isJoin: Bool, failure: String?, now: Instant)
    /// Reports that this node's own death has been gossiped enough, or that the time for it is
    /// over.
    mutating func leaveEnded(now: Instant)
}
