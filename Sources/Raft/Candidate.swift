/// The state of a server while it campaigns.
struct Candidate: Sendable {
    let isPreVote: Bool
    /// The write that makes its own vote durable; 0 for a pre-vote, which is not written.
    let gate: UInt64
    var granted: Set<ServerID> = []
    /// The servers of which it requested a vote, by exchange.
    var asked: [(exchange: ExchangeID, id: ServerID)] = []

    func server(of exchange: ExchangeID) -> ServerID? {
        asked.first { $0.exchange == exchange }?.id
    }

    func hasWon(_ configuration: Configuration) -> Bool {
        configuration.voters.count { granted.contains($0.id) } >= configuration.quorum
    }
}
