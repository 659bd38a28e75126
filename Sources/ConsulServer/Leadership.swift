internal import Synchronization

/// Whether reads may be answered here, for every thread. One atomic look.
package final class Leadership: Sendable {
    private static let ready = 1
    private static let known = 2
    private let bits = Atomic<Int>(0)

    package init() {}

    /// This server leads, and its state holds all that was committed before.
    package var isReady: Bool { bits.load(ordering: .acquiring) & Self.ready != 0 }
    /// Some server leads, as far as this one knows.
    package var hasLeader: Bool { bits.load(ordering: .acquiring) & Self.known != 0 }

    func set(isReady: Bool, hasLeader: Bool) {
        bits.store(
            (isReady ? Self.ready : 0) | (hasLeader ? Self.known : 0), ordering: .releasing)
    }
}
