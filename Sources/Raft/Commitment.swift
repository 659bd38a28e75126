/// The commit rule (paper, 5.3 and 5.4.2): an entry is committed once a majority of the voters has
/// it on disk, and an entry of the leader's own term is among those, or after them.
///
/// It holds facts alone: the log position of each server. A leader has one, for its term.
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

    /// Sets the voters of a new configuration. Servers that stay keep their index; the others begin
    /// at 0. May commit entries that waited for a removed voter.
    mutating func setVoters(_ ids: [ServerID]) {
        voters = ids.map { id in
            Voter(id: id, match: voters.first { $0.id == id }?.match ?? 0)
        }
        advance()
    }

    /// Records that the server has all entries up to `index` on its disk. A server that is no
    /// voter, and an index below the known one, change nothing.
    mutating func record(_ id: ServerID, has index: LogIndex) {
        guard let slot = voters.firstIndex(where: { $0.id == id }), voters[slot].match < index
        else { return }
        voters[slot].match = index
        if index > commitIndex { advance() }
    }

    private mutating func advance() {
        // A single voter needs no count.
        let index =
            voters.count == 1 ? voters[0].match : Majority.reached(by: voters.map { $0.match })
        guard let index else { return }
        if index >= startIndex, index > commitIndex { commitIndex = index }
    }
}

enum Majority {
    /// Returns the greatest value that a majority has reached; nil for an empty list.
    static func reached<Value: Comparable>(by values: [Value]) -> Value? {
        guard values.count > 1 else { return values.first }
        return values.sorted(by: >)[values.count / 2]
    }
}
