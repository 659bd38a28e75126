/// What a server remembers while it campaigns.
struct Candidate: Sendable {
    let isPreVote: Bool
    /// Its own vote is on disk once this write is; 0 for a pre-vote, which is not written.
    let gate: UInt64
    var granted: Set<ServerID> = []
    /// Whom it asked, by exchange.
    var asked: [(exchange: Exchange, id: ServerID)] = []

    func server(of exchange: Exchange) -> ServerID? {
        asked.first { $0.exchange == exchange }?.id
    }

    func hasWon(_ configuration: Configuration) -> Bool {
        configuration.voters.count { granted.contains($0.id) } >= configuration.quorum
    }
}
