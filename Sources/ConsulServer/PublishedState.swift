package import ConsulState
internal import Synchronization

/// Holds the state after a batch of commands, immutable. It exists in memory alone; Raft's
/// snapshots are files.
package final class StateView: Sendable {
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

/// Holds the newest view, for every thread. A mutex around a reference costs as much as an atomic.
///
/// The first reader after a batch makes it, for all readers until the next batch. Without readers,
/// the state machine holds the only reference to the trees and writes them in place. A view
/// after each batch would make every write copy its path.
package final class PublishedState: Sendable {
    /// Nil when the state has changed since.
    private let newest: Mutex<StateView?>
    private let maker = Mutex<(@Sendable () -> StateView)?>(nil)

    package init(_ first: StateView) { newest = Mutex(first) }

    /// Returns the newest view. Waits while a batch is applied, unless a view of the state
    /// before it exists.
    package func load() -> StateView {
        if let view = current { return view }
        guard let make = maker.withLock({ $0 }) else {
            preconditionFailure("no maker is set for the outdated view")
        }
        return make()
    }

    var current: StateView? { newest.withLock { $0 } }

    /// Sets the function that makes the next view. `load` calls it when the view is outdated.
    ///
    /// - Parameter make: publishes a view of the present state and returns it, or returns the one
    ///   that another thread has published meanwhile.
    func setMaker(_ make: @escaping @Sendable () -> StateView) { maker.withLock { $0 = make } }

    func publish(_ next: StateView) { replace(next) }

    /// Invalidates the view: the state has changed.
    func outdate() { replace(nil) }

    /// Releases the old view outside the lock: it may hold the last reference to a large tree.
    private func replace(_ next: StateView?) {
        _ = newest.withLock { newest in
            defer { newest = next }
            return newest
        }
    }
}
