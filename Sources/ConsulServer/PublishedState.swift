package import ConsulState
internal import Synchronization

/// The state after a batch of commands. Immutable.
package final class Snapshot: Sendable {
    package let store: StateStore
    /// The index of the last command that it contains.
    package let index: UInt64
    /// The number of times that the whole state was replaced: a restored state may have the same
    /// indexes and other contents.
    package let generation: UInt64

    package init(store: StateStore, index: UInt64, generation: UInt64 = 0) {
        self.store = store
        self.index = index
        self.generation = generation
    }

    /// Returns an index of this state that differs from every index of a replaced state. Indexes
    /// stay far below 2^48.
    func version(_ index: UInt64) -> UInt64 { generation << 48 | index }
}

/// The newest snapshot, for every thread. A mutex around a reference costs as much as an atomic.
///
/// The first reader after a batch makes it, for all readers until the next batch. Without readers,
/// the state machine holds the only reference to the trees and writes them in place. A snapshot
/// after each batch would make every write copy its path.
package final class PublishedState: Sendable {
    /// Nil when the state has changed since.
    private let newest: Mutex<Snapshot?>
    private let maker = Mutex<(@Sendable () -> Snapshot)?>(nil)

    package init(_ first: Snapshot) { newest = Mutex(first) }

    /// Returns the newest snapshot. Waits while a batch is applied, unless a snapshot of the state
    /// before it exists.
    package func load() -> Snapshot {
        if let snapshot = current { return snapshot }
        guard let make = maker.withLock({ $0 }) else {
            preconditionFailure("a state is outdated that nobody renews")
        }
        return make()
    }

    var current: Snapshot? { newest.withLock { $0 } }

    /// - Parameter make: makes a snapshot of the present state and publishes it, or returns the one
    ///   that another thread has published meanwhile.
    func renewed(by make: @escaping @Sendable () -> Snapshot) { maker.withLock { $0 = make } }

    func publish(_ next: Snapshot) { replace(next) }

    /// Invalidates the snapshot: the state has changed.
    func outdate() { replace(nil) }

    /// Releases the old snapshot outside the lock: it may hold the last reference to a large tree.
    private func replace(_ next: Snapshot?) {
        _ = newest.withLock { newest in
            defer { newest = next }
            return newest
        }
    }
}
