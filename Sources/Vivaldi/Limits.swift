/// The bounds of a client's memory.
package enum Limits {
    /// Peers whose last round trips are kept. Memberlist admits no more members; the round trips of
    /// further peers are used without the filter.
    package static let peersMax = 65_536
}
