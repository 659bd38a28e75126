package import ConsulState
internal import Synchronization

/// The state as it stood after a batch of commands. Never changes.
package final class Snapshot: Sendable {
    package let store: StateStore
    /// The last command that it contains.
    package let index: UInt64
    /// How often the whole state was replaced before: a restored one may bear the same indexes and
    /// other contents.
    package let generation: UInt64

    package init(store: StateStore, index: UInt64, generation: UInt64 = 0) {
        self.store = store
        self.index = index
        self.generation = generation
    }

    /// An index of this state, told apart from that of a state which was replaced. Indexes stay far
    /// below 2^48.
    func version(_ index: UInt64) -> UInt64 { generation << 48 | index }
}

/// The newest snapshot, for every thread. A mutex around a reference costs what an atomic does.
///
/// It is made when somebody asks for it, once for all who ask before the next batch: while nobody
/// reads, nobody but the state machine holds the trees, and it writes them in place. With a
/// snapshot after each batch every write would copy its way down them.
package final class PublishedState: Sendable {
    /// Nil once the state has moved on from it.
    private let newest: Mutex<Snapshot?>
    private let maker = Mutex<(@Sendable () -> Snapshot)?>(nil)

    package init(_ first: Snapshot) { newest = Mutex(first) }

    /// Waits where a batch is just being carried out that nobody has read since the one before.
    package func load() -> Snapshot {
        if let snapshot = current { return snapshot }
        guard let make = maker.withLock({ $0 }) else {
            preconditionFailure("a state is outdated that nobody renews")
        }
        return make()
    }

    var current: Snapshot? { newest.withLock { $0 } }

    /// - Parameter make: makes a snapshot of the state as it stands, and publishes it, or takes the
    ///   one that another thread has published meanwhile.
    func renewed(by make: @escaping @Sendable () -> Snapshot) { maker.withLock { $0 = make } }

    func publish(_ next: Snapshot) { replace(next) }

    /// The state has moved on.
    func outdate() { replace(nil) }

    /// The one before goes outside the lock: it may be the last holder of a large tree.
    private func replace(_ next: Snapshot?) {
        _ = newest.withLock { newest in
            defer { newest = next }
            return newest
        }
    }
}
