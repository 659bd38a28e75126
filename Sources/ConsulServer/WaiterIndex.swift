internal import ConsulState
internal import Primitives

/// Holds waiters by region, so that a commit examines only those that it affects. This is the only
/// rule by which `Changes` wake a `Region`. The hub's lock guards it.
///
/// - A key is woken by a change of it, and by the deletion of a tree around it.
/// - A prefix is woken by a change of a key under it, and by the deletion of a tree under or around
///   it.
/// - A name is woken by a change of records of its kind and name.
/// - Whole tables are woken by a change in any of them.
///
/// Keys and names are compared by bytes: Swift's own comparison treats some different spellings as
/// equal.
struct WaiterIndex: @unchecked Sendable {
    /// The waiters of one region.
    final class Bucket {
        var waiters: [Waiter] = []
    }

    private var keys = RadixTree<Bucket>()
    private var prefixes = RadixTree<Bucket>()
    /// Keyed by kind and name.
    private var names = RadixTree<Bucket>()
    private var tables = Bucket()

    mutating func insert(_ waiter: Waiter) {
        let bucket = bucketMade(for: waiter.region)
        waiter.slot = bucket.waiters.count
        bucket.waiters.append(waiter)
    }

    mutating func remove(_ waiter: Waiter) {
        guard waiter.slot >= 0 else { return }
        let bucket = bucketMade(for: waiter.region)
        let last = bucket.waiters.removeLast()
        if last !== waiter {
            bucket.waiters[waiter.slot] = last
            last.slot = waiter.slot
        }
        waiter.slot = -1
        if bucket.waiters.isEmpty { drop(waiter.region) }
    }

    /// Removes and returns the waiters whose regions `changes` affect.
    mutating func removeAffected(by changes: Changes) -> [Waiter] {
        var taken: [Waiter] = []
        for key in changes.keys {
            if !keys.isEmpty, let bucket = keys.remove(key.utf8) { Self.empty(bucket, &taken) }
            if !prefixes.isEmpty { removePrefixes(of: key, &taken) }
        }
        for tree in changes.keyTrees {
            keys.forEach(under: tree.utf8) { Self.empty($0, &taken) }
            keys.removeAll(under: tree.utf8)
            prefixes.forEach(under: tree.utf8) { Self.empty($0, &taken) }
            prefixes.removeAll(under: tree.utf8)
            removePrefixes(of: tree, &taken)
        }
        if !names.isEmpty { removeNames(changes, &taken) }
        if !changes.tables.isEmpty { removeTables(changes.tables, &taken) }
        return taken
    }

    private mutating func removePrefixes(of key: String, _ taken: inout [Waiter]) {
        let before = taken.count
        prefixes.forEachPrefix(of: key.utf8) { Self.empty($0, &taken) }
        for waiter in taken[before...] { drop(waiter.region) }
    }

    private mutating func removeNames(_ changes: Changes, _ taken: inout [Waiter]) {
        for touched in changes.names {
            if let bucket = names.remove(Self.key(touched.kind, touched.name)) {
                Self.empty(bucket, &taken)
            }
        }
    }

    private mutating func removeTables(_ changed: TableSet, _ taken: inout [Waiter]) {
        let waiters = tables.waiters
        tables.waiters = []
        for waiter in waiters {
            if case .tables(let set) = waiter.region, set.isDisjoint(with: changed) {
                waiter.slot = tables.waiters.count
                tables.waiters.append(waiter)
            } else {
                waiter.slot = -1
                taken.append(waiter)
            }
        }
    }

    private static func empty(_ bucket: Bucket, _ taken: inout [Waiter]) {
        for waiter in bucket.waiters { waiter.slot = -1 }
        taken += bucket.waiters
        bucket.waiters = []
    }

    mutating func removeAll() -> [Waiter] {
        var taken: [Waiter] = []
        for tree in [keys, prefixes, names] { tree.forEach { Self.empty($0, &taken) } }
        Self.empty(tables, &taken)
        (keys, prefixes, names) = (RadixTree(), RadixTree(), RadixTree())
        return taken
    }

    // MARK: Buckets

    /// No kind contains a NUL, so that each pair of kind and name has its own key.
    private static func key(_ kind: RegionKind, _ name: String) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(kind.text.utf8.count + 1 + name.utf8.count)
        key += kind.text.utf8
        key.append(0)
        key += name.utf8
        return key
    }

    private mutating func bucketMade(for region: Region) -> Bucket {
        switch region {
        case .key(let key): return Self.bucketMade(in: &keys, Array(key.utf8))
        case .prefix(let prefix): return Self.bucketMade(in: &prefixes, Array(prefix.utf8))
        case .tables: return tables
        case .named(let kind, let name):
            return Self.bucketMade(in: &names, Self.key(kind, name))
        }
    }

    private static func bucketMade(in tree: inout RadixTree<Bucket>, _ key: [UInt8]) -> Bucket {
        if let bucket = tree[key] { return bucket }
        let bucket = Bucket()
        tree.insert(bucket, for: key)
        return bucket
    }

    private mutating func drop(_ region: Region) {
        switch region {
        case .key(let key): keys.remove(key.utf8)
        case .prefix(let prefix): prefixes.remove(prefix.utf8)
        case .tables: break
        case .named(let kind, let name): names.remove(Self.key(kind, name))
        }
    }
}
