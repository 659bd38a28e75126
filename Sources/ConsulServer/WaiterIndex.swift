internal import ConsulState
internal import Primitives

/// Waiters by region, so that a commit looks only at those that it concerns. The hub's lock guards
/// it.
struct WaiterIndex: @unchecked Sendable {
    /// The waiters of one region.
    final class Bucket {
        var waiters: [Waiter] = []
    }

    private var keys = RadixTree<Bucket>()
    private var prefixes = RadixTree<Bucket>()
    /// Regions with a name of a fixed kind: the kind's byte, then the name.
    private var names = RadixTree<Bucket>()
    private var tables = Bucket()

    /// The byte under which a kind of region stands in `names`.
    private enum Kind: UInt8 {
        case service, serviceChecks, node, nodeChecks, checkState, session, nodeSessions
        case nodeCoordinates
    }

    mutating func insert(_ waiter: Waiter) {
        let bucket = bucketMade(for: waiter.region)
        waiter.place = bucket.waiters.count
        bucket.waiters.append(waiter)
    }

    mutating func remove(_ waiter: Waiter) {
        guard waiter.place >= 0 else { return }
        let bucket = bucketMade(for: waiter.region)
        let last = bucket.waiters.removeLast()
        if last !== waiter {
            bucket.waiters[waiter.place] = last
            last.place = waiter.place
        }
        waiter.place = -1
        if bucket.waiters.isEmpty { drop(waiter.region) }
    }

    /// Takes out the waiters whose regions meet `changes`.
    mutating func take(_ changes: Changes) -> [Waiter] {
        var taken: [Waiter] = []
        for key in changes.keys {
            if !keys.isEmpty, let bucket = keys.remove(key.utf8) { Self.empty(bucket, &taken) }
            if !prefixes.isEmpty { takePrefixes(of: key, &taken) }
        }
        for tree in changes.keyTrees {
            keys.forEach(under: tree.utf8) { Self.empty($0, &taken) }
            keys.removeAll(under: tree.utf8)
            prefixes.forEach(under: tree.utf8) { Self.empty($0, &taken) }
            prefixes.removeAll(under: tree.utf8)
            takePrefixes(of: tree, &taken)
        }
        if !names.isEmpty { takeNames(changes, &taken) }
        if !changes.tables.isEmpty { takeTables(changes.tables, &taken) }
        return taken
    }

    private mutating func takePrefixes(of key: String, _ taken: inout [Waiter]) {
        let before = taken.count
        prefixes.forEachPrefix(of: key.utf8) { Self.empty($0, &taken) }
        for waiter in taken[before...] { drop(waiter.region) }
    }

    private mutating func takeNames(_ changes: Changes, _ taken: inout [Waiter]) {
        let lists: [(Kind, [String])] = [
            (.service, changes.services), (.serviceChecks, changes.serviceChecks),
            (.node, changes.nodes), (.nodeChecks, changes.nodeChecks),
            (.checkState, changes.checkStates), (.session, changes.sessions),
            (.nodeSessions, changes.nodeSessions), (.nodeCoordinates, changes.nodeCoordinates),
        ]
        for (kind, list) in lists {
            for name in list {
                if let bucket = names.remove(Self.key(kind, name)) { Self.empty(bucket, &taken) }
            }
        }
    }

    private mutating func takeTables(_ changed: TableSet, _ taken: inout [Waiter]) {
        let waiters = tables.waiters
        tables.waiters = []
        for waiter in waiters {
            if case .tables(let set) = waiter.region, set.isDisjoint(with: changed) {
                waiter.place = tables.waiters.count
                tables.waiters.append(waiter)
            } else {
                waiter.place = -1
                taken.append(waiter)
            }
        }
    }

    private static func empty(_ bucket: Bucket, _ taken: inout [Waiter]) {
        for waiter in bucket.waiters { waiter.place = -1 }
        taken += bucket.waiters
        bucket.waiters = []
    }

    mutating func takeAll() -> [Waiter] {
        var taken: [Waiter] = []
        for tree in [keys, prefixes, names] { tree.forEach { Self.empty($0, &taken) } }
        Self.empty(tables, &taken)
        (keys, prefixes, names) = (RadixTree(), RadixTree(), RadixTree())
        return taken
    }

    // MARK: Buckets

    private static func key(_ kind: Kind, _ name: String) -> [UInt8] {
        [kind.rawValue] + Array(name.utf8)
    }

    private static func key(_ region: Region) -> [UInt8]? {
        switch region {
        case .service(let name): key(.service, name)
        case .serviceChecks(let name): key(.serviceChecks, name)
        case .node(let name): key(.node, name)
        case .nodeChecks(let name): key(.nodeChecks, name)
        case .checkState(let name): key(.checkState, name)
        case .session(let id): key(.session, id)
        case .nodeSessions(let name): key(.nodeSessions, name)
        case .nodeCoordinates(let name): key(.nodeCoordinates, name)
        case .key, .prefix, .tables: nil
        }
    }

    private mutating func bucketMade(for region: Region) -> Bucket {
        switch region {
        case .key(let key): return Self.bucketMade(in: &keys, Array(key.utf8))
        case .prefix(let prefix): return Self.bucketMade(in: &prefixes, Array(prefix.utf8))
        case .tables: return tables
        default: return Self.bucketMade(in: &names, Self.key(region) ?? [])
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
        default: names.remove(Self.key(region) ?? [])
        }
    }
}
