internal import Primitives

/// The bounds of a server's endpoints.
package enum Limits {
    /// Blocking queries parked at once, at about 700 bytes each.
    package static let waitersMax = 100_000
    /// Waiters looked at in one turn of an event loop, so that other connections get theirs.
    static let wakesPerTurn = 512
    /// Writes committed as one batch: one snapshot is published for all of them.
    static let batchMax = 256
    /// Writes that wait for their batch. Only as many can as there are connections.
    static let proposalsMax = 65_536
    /// Answered waiters that may lie among the deadlines before they are swept out.
    static let staleDeadlinesMin = 256
    /// Part of a wait that is added by chance, so that clients do not come back all at once
    /// (Consul's own).
    static let jitterFraction: Int64 = 16
}
