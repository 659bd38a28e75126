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
package final class PublishedState: Sendable {
    private let newest: Mutex<Snapshot>

    package init(_ first: Snapshot) { newest = Mutex(first) }

    package func load() -> Snapshot { newest.withLock { $0 } }

    /// The one before goes outside the lock: it may be the last holder of a large tree.
    package func publish(_ next: Snapshot) {
        _ = newest.withLock { newest in
            defer { newest = next }
            return newest
        }
    }
}
