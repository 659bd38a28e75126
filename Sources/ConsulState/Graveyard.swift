internal import Primitives

/// Records when keys were deleted (tombstones), so that the index of a prefix does not go back when
/// its newest key is deleted.
struct Graveyard: Sendable {
    struct Tombstone: Sendable {
        var index: UInt64
        /// True when every key with this prefix was deleted with it.
        var isTree: Bool
    }

    private(set) var tombstones = RadixTree<Tombstone>()
    /// The index of the newest forgotten deletion. A prefix counts as touched at it: a waiter may
    /// wake once for nothing, but misses no deletion.
    private(set) var forgotten: UInt64 = 0

    mutating func recordDeletion(_ key: String, at index: UInt64, isTree: Bool = false) {
        // HashiCorp's servers cannot restore a tombstone without a key. The deletion of everything
        // is newer than any other, so none of the others needs to be remembered.
        if key.isEmpty { return forget(through: max(forgotten, index)) }
        let wasTree = tombstones[key.utf8]?.isTree ?? false
        tombstones.insert(Tombstone(index: index, isTree: isTree || wasTree), for: key.utf8)
        if tombstones.count > Limits.tombstonesMax { forgetOlderHalf() }
    }

    func newest(under prefix: String) -> UInt64 {
        var newest = forgotten
        tombstones.forEach(under: prefix.utf8) { newest = max(newest, $0.index) }
        tombstones.forEachPrefix(of: prefix.utf8) { tombstone in
            if tombstone.isTree { newest = max(newest, tombstone.index) }
        }
        return newest
    }

    private mutating func forgetOlderHalf() {
        var indexes: [UInt64] = []
        indexes.reserveCapacity(tombstones.count)
        tombstones.forEach { indexes.append($0.index) }
        indexes.sort()
        forget(through: indexes[indexes.count / 2])
    }

    /// Forgets the deletions up to an index.
    mutating func reap(through last: UInt64) {
        var newest: UInt64 = 0
        tombstones.forEach { if $0.index <= last { newest = max(newest, $0.index) } }
        if newest > 0 { forget(through: newest) }
    }

    /// A tombstone in a snapshot.
    mutating func restore(forgotten index: UInt64) { forgotten = max(forgotten, index) }

    private mutating func forget(through last: UInt64) {
        forgotten = max(forgotten, last)
        var kept = RadixTree<Tombstone>()
        var cursor = tombstones.cursor()
        while let tombstone = cursor.next() {
            if tombstone.index > last { kept.insert(tombstone, for: cursor.key) }
        }
        tombstones = kept
    }

    func checkInvariants() {
        tombstones.checkInvariants()
        precondition(tombstones.count <= Limits.tombstonesMax, "\(tombstones.count) tombstones")
    }
}
