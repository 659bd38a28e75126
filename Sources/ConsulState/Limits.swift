/// The bounds of the replicated state. They are part of the state machine: every server must have
/// the same ones.
package enum Limits {
    /// Deletions remembered, so that the index of a prefix does not go back. A deletion takes about
    /// 100 bytes; when there are more, the older half is forgotten at once, which happens so seldom
    /// that the waiters it may wake for nothing do not count.
    package static let tombstonesMax = 16_384
}
