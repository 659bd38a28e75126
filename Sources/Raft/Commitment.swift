/// The commit rule (paper, 5.3 and 5.4.2): an entry is committed once a majority of the voters has
/// it on disk, and an entry of the leader's own term is among those, or behind them.
///
/// It holds facts alone: who has the log up to where. One leader keeps one, for its term.
struct Commitment: Sendable {
    private struct Voter: Sendable {
        let id: ServerID
        var match: LogIndex
    }

    /// The first entry of the leader's term; nothing before it is committed by counting.
    let startIndex: LogIndex
    private(set) var commitIndex: LogIndex = 0
    private var voters: [Voter]

    init(startIndex: LogIndex, voters: [ServerID]) {
        self.startIndex = startIndex
        self.voters = voters.map { Voter(id: $0, match: 0) }
    }

    /// The voters of a new configuration. What is known of those who stay is kept; the others begin
    /// with nothing. May commit what waited for a voter who is gone.
    mutating func setVoters(_ ids: [ServerID]) {
        voters = ids.map { id in
            Voter(id: id, match: voters.first { $0.id == id }?.match ?? 0)
        }
        advance()
    }

    /// The server has all entries up to `index` on its disk. One who is no voter, and news that is
    /// older than what is known, change nothing.
    mutating func record(_ id: ServerID, has index: LogIndex) {
        guard let slot = voters.firstIndex(where: { $0.id == id }), voters[slot].match < index
        else { return }
        voters[slot].match = index
        if index > commitIndex { advance() }
    }

    private mutating func advance() {
        // Who is alone needs no count.
        let index =
            voters.count == 1 ? voters[0].match : Majority.reached(by: voters.map { $0.match })
        guard let index else { return }
        if index >= startIndex, index > commitIndex { commitIndex = index }
    }
}

enum Majority {
    /// The greatest value that a majority has reached; nil when there is nobody.
    static func reached<Value: Comparable>(by values: [Value]) -> Value? {
        guard values.count > 1 else { return values.first }
        return values.sorted(by: >)[values.count / 2]
    }
}
