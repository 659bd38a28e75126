internal import Synchronization

/// Holds whether this server leads, for every thread. Each member is one atomic load.
package final class Leadership: Sendable {
    private static let ready = 1
    private static let known = 2
    private static let leading = 4
    private let bits = Atomic<Int>(0)

    package init() {}

    /// This server leads, and its state holds all that was committed before.
    package var isReady: Bool { bits.load(ordering: .acquiring) & Self.ready != 0 }
    /// This server leads; its state may still miss entries that earlier leaders committed.
    package var leads: Bool { bits.load(ordering: .acquiring) & Self.leading != 0 }
    /// Some server leads, as far as this one knows.
    package var hasLeader: Bool { bits.load(ordering: .acquiring) & Self.known != 0 }

    func set(leads: Bool, isReady: Bool, hasLeader: Bool) {
        bits.store(
            (leads ? Self.leading : 0) | (isReady ? Self.ready : 0)
                | (hasLeader ? Self.known : 0),
            ordering: .releasing)
    }
}
