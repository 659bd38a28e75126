internal import Primitives

/// Holds this node's own queries until their time is over.
struct OpenQueries: Sendable {
    enum Purpose: Sendable, Hashable {
        case request
        /// The vote about this node's name, with the answers so far and those for this node.
        case nameVote(answers: Int, matching: Int)
    }

    struct Query: Sendable {
        var id: QueryID
        var deadline: Instant
        var wantsAcks: Bool
        var purpose: Purpose
        /// Members whose ack or response was received: relays repeat them.
        var acks: Set<String> = []
        var responders: Set<String> = []
    }

    /// By Lamport time: the query clock advances with each.
    private var queries: [UInt64: Query] = [:]
    /// The earliest deadline.
    private(set) var nextEnd = Instant.distantFuture

    var count: Int { queries.count }
    var hasVote: Bool { queries.values.contains { $0.purpose != .request } }

    subscript(lTime: UInt64) -> Query? { queries[lTime] }

    mutating func insert(_ query: Query) {
        queries[query.id.lTime] = query
        nextEnd = min(nextEnd, query.deadline)
    }

    /// Records a member's ack or response.
    ///
    /// - Returns: false when it was recorded before, or more members answered than the pool has.
    mutating func record(
        _ member: String, isAck: Bool, at lTime: UInt64, countMax: Int
    ) -> Bool {
        guard let query = queries[lTime] else { return false }
        let known = isAck ? query.acks : query.responders
        guard known.count < countMax, !known.contains(member) else { return false }
        if isAck {
            queries[lTime]?.acks.insert(member)
        } else {
            queries[lTime]?.responders.insert(member)
        }
        return true
    }

    mutating func countVote(at lTime: UInt64, isMatching: Bool) {
        guard case .nameVote(let answers, let matching)? = queries[lTime]?.purpose else { return }
        queries[lTime]?.purpose = .nameVote(
            answers: answers + 1, matching: matching + (isMatching ? 1 : 0))
    }

    /// Removes and returns the queries whose time is over, the earliest first.
    mutating func takeEnded(now: Instant) -> [Query] {
        guard now >= nextEnd else { return [] }
        let ended = queries.values.filter { $0.deadline <= now }
            .sorted { ($0.deadline, $0.id.lTime) < ($1.deadline, $1.id.lTime) }
        for query in ended { queries[query.id.lTime] = nil }
        nextEnd = queries.values.map(\.deadline).min() ?? .distantFuture
        return ended
    }

    /// Removes and returns all queries.
    mutating func takeAll() -> [Query] {
        defer { self = OpenQueries() }
        return queries.values.sorted { $0.id.lTime < $1.id.lTime }
    }
}

/// Holds the queries of others, and of this node, that wait for this node's answer.
struct ReceivedQueries: Sendable {
    struct Query: Sendable {
        /// The address for the answer, and the name of the asking node.
        var source: TransportAddress
        var sourceNode: String
        var relayFactor: Int
        var deadline: Instant
        var isAnswered = false
    }

    private var queries: [QueryID: Query] = [:]

    subscript(id: QueryID) -> Query? { queries[id] }

    /// - Returns: false when too many wait.
    mutating func insert(_ query: Query, id: QueryID, now: Instant) -> Bool {
        if queries.count >= Limits.receivedQueriesMax { expire(now: now) }
        guard queries.count < Limits.receivedQueriesMax else { return false }
        queries[id] = query
        return true
    }

    mutating func setAnswered(_ id: QueryID) { queries[id]?.isAnswered = true }

    mutating func expire(now: Instant) {
        if queries.isEmpty { return }
        queries = queries.filter { $0.value.deadline > now }
    }
}
