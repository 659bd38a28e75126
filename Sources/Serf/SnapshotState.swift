package import Primitives

/// The contents of a snapshot file.
package struct SnapshotState: Sendable, Hashable {
    /// The members that were alive, by name.
    package var alive: [String: TransportAddress] = [:]
    package var clock: UInt64 = 0
    package var eventClock: UInt64 = 0
    package var queryClock: UInt64 = 0
    /// The last record is this node's departure.
    package var hasLeft = false
    /// Keeps the members at a departure (`SerfOptions.rejoinsAfterLeave`).
    package var rejoinsAfterLeave = false

    package init(rejoinsAfterLeave: Bool = false) { self.rejoinsAfterLeave = rejoinsAfterLeave }
}
