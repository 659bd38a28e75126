import Memberlist
import Primitives

/// A delegate that records its calls as text.
struct Recorder: MemberlistDelegate {
    var lines: [String] = []
    var broadcasts: [[UInt8]] = []
    var state: [UInt8] = []
    /// Members that are rejected, and why.
    var refusals: [String: String] = [:]
    var mergeRefusal: String?
    var payload: [UInt8] = []
    var roundTrips: [String: GoDuration] = [:]
    var messages: [[UInt8]] = []
    /// The results of push/pulls: nil for success.
    var ended: [OutgoingStream: String?] = [:]

    private static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self)
    }

    mutating func receiveUserMessage(_ message: ArraySlice<UInt8>, now: Instant) {
        messages.append(Array(message))
        lines.append("receives \(Self.text(message))")
    }

    mutating func broadcasts(overhead: Int, limit: Int, memberCount: Int) -> [[UInt8]] {
        var free = limit
        var taken: [[UInt8]] = []
        while let next = broadcasts.first, next.count + overhead <= free {
            free -= next.count + overhead
            taken.append(broadcasts.removeFirst())
        }
        return taken
    }

    mutating func localState(isJoin: Bool) -> [UInt8] { state }

    mutating func mergeRemoteState(_ state: ArraySlice<UInt8>, isJoin: Bool, now: Instant) {
        lines.append("merges \(Self.text(state))\(isJoin ? " of a join" : "")")
    }

    func refusal(ofAlive member: PoolMember) -> String? { refusals[member.name] }
    func refusal(ofMerge members: [PoolMember]) -> String? { mergeRefusal }

    mutating func memberJoined(_ member: PoolMember, now: Instant) {
        lines.append("member \(member.name) joined")
    }

    mutating func memberGone(_ member: PoolMember, now: Instant) {
        lines.append("member \(member.name) is \(member.state)")
    }

    mutating func memberUpdated(_ member: PoolMember, now: Instant) {
        lines.append("member \(member.name) has meta \(Self.text(member.meta))")
    }

    mutating func nameConflict(known: PoolMember, other: PoolMember, now: Instant) {
        lines.append("conflict of \(known.name): \(known.address), \(other.address)")
    }

    func ackPayload() -> [UInt8] { payload }

    mutating func pingCompleted(
        _ member: PoolMember, roundTrip: GoDuration, payload: ArraySlice<UInt8>
    ) {
        roundTrips[member.name] = roundTrip
    }

    mutating func pushPullEnded(
        _ stream: OutgoingStream, isJoin: Bool, failure: String?, now: Instant
    ) {
        ended.updateValue(failure, forKey: stream)
        lines.append(
            "\(isJoin ? "join" : "push/pull") \(failure.map { "failed: \($0)" } ?? "done")")
    }

    mutating func leaveEnded(now: Instant) { lines.append("leave ended") }
}
