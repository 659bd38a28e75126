package import ConsulModel
internal import Primitives

/// Holds keys and values, and the tombstones of deleted keys.
package struct KVTable: Sendable {
    private(set) var entries = RadixTree<Row<KVEntry>>()
    private(set) var graveyard = Graveyard()
    /// The keys that sessions hold, by the session's ID and the key.
    private var held = RadixTree<String>()
    /// Keys that expire, by expiry time and key.
    private var expiring = RadixTree<String>()
    /// Keys that live as long as another.
    private(set) var leases = LeaseIndex()
    /// The index of the last command that changed a key.
    package private(set) var index: UInt64 = 0

    package var count: Int { entries.count }

    // MARK: Reading

    /// Returns an entry. The index is the entry's own, so that other keys do not wake a waiter on
    /// it; the table's index for a missing key.
    package func get(_ key: String) -> Reading<KVEntry?> {
        guard let row = entries[key.utf8] else { return Reading(nil, index, .key(key)) }
        return Reading(row.record, row.record.raftIndex.modifyIndex, .key(key))
    }

    /// Returns all entries under `prefix`, in byte order of their keys.
    package func list(_ prefix: String) -> Reading<[KVEntry]> {
        var found: [KVEntry] = []
        var newest: UInt64 = 0
        entries.forEach(under: prefix.utf8) { row in
            found.append(row.record)
            newest = max(newest, row.record.raftIndex.modifyIndex)
        }
        return Reading(found, listIndex(newest, prefix), .prefix(prefix))
    }

    /// Returns at most `limit` entries under `prefix`, after the key `after`. The index is that of
    /// the shown entries, so that the changes of other pages do not wake a waiter on one page.
    package func list(
        _ prefix: String, after: String, limit: Int
    ) -> Reading<[KVEntry]> {
        var found: [KVEntry] = []
        var newest: UInt64 = 0
        var cursor = cursor(prefix, after: after)
        while found.count < limit, let entry = cursor.next()?.record,
            entry.key.utf8.starts(with: prefix.utf8)
        {
            found.append(entry)
            newest = max(newest, entry.raftIndex.modifyIndex)
        }
        return Reading(found, listIndex(newest, prefix), .prefix(prefix))
    }

    private func cursor(_ prefix: String, after: String) -> RadixTree<Row<KVEntry>>.Cursor {
        guard !after.isEmpty, !after.utf8.lexicographicallyPrecedes(prefix.utf8) else {
            return entries.cursor(from: Array(prefix.utf8))
        }
        return entries.cursor(from: Array(after.utf8) + [0])
    }

    /// Returns the keys under `prefix`; with a separator, each key only up to the first one after
    /// the prefix, and each result once.
    /// - Parameters:
    ///   - depth: the number of separators in a result.
    ///   - after: only results after this one in byte order.
    ///   - limit: the maximum number of results; 0 for all.
    package func listKeys(
        _ prefix: String, separator: String = "", depth: Int = 1, after: String = "",
        limit: Int = 0
    ) -> Reading<[String]> {
        var found: [String] = []
        var newest: UInt64 = 0
        let stop = Array(separator.utf8)
        let skipped = prefix.utf8.count
        let limit = limit > 0 ? limit : .max
        var cursor = cursor(prefix, after: after)
        while let entry = cursor.next()?.record, entry.key.utf8.starts(with: prefix.utf8) {
            let key = Self.cut(entry.key, from: skipped, at: stop, depth)
            let isMore =
                found.last.map { !$0.utf8.elementsEqual(key.utf8) }
                // The last result of a page is not shown again on the next.
                ?? (after.isEmpty || after.utf8.lexicographicallyPrecedes(key.utf8))
            if isMore {
                if found.count == limit { break }
                found.append(key)
            }
            newest = max(newest, entry.raftIndex.modifyIndex)
        }
        return Reading(found, listIndex(newest, prefix), .prefix(prefix))
    }

    /// Returns `key` up to and including the `depth`th `stop` after the first `start` bytes.
    private static func cut(
        _ key: String, from start: Int, at stop: [UInt8], _ depth: Int
    ) -> String {
        guard !stop.isEmpty else { return key }
        var rest = key.utf8.dropFirst(start)
        var left = depth
        while rest.count >= stop.count {
            guard rest.starts(with: stop) else {
                rest = rest.dropFirst()
                continue
            }
            left -= 1
            if left <= 0 {
                let end = key.utf8.index(rest.startIndex, offsetBy: stop.count)
                return String(decoding: key.utf8[..<end], as: UTF8.self)
            }
            rest = rest.dropFirst(stop.count)
        }
        return key
    }

    /// Returns the newest index of the entries and tombstones under a prefix; the table's index
    /// when there are neither.
    private func listIndex(_ newest: UInt64, _ prefix: String) -> UInt64 {
        if prefix.isEmpty { return index }
        let newest = max(newest, graveyard.newest(under: prefix))
        return newest == 0 ? index : newest
    }

    // MARK: Writing

    /// Writes an entry. The caller checks that the entry may have its lease.
    ///
    /// - Returns: false when a condition did not hold and nothing was done.
    mutating func applyKVS(
        _ operation: KVOperation, _ entry: KVEntry, at index: UInt64, _ changes: inout Changes
    ) -> Bool {
        switch operation {
        case .set:
            set(entry, at: index, &changes)
        case .cas:
            let stands = entries[entry.key.utf8]?.record.raftIndex.modifyIndex ?? 0
            guard entry.raftIndex.modifyIndex == stands else { return false }
            set(entry, at: index, &changes)
        case .delete:
            delete(entry.key, at: index, &changes)
        case .deleteCAS:
            // A missing key satisfies the caller, whatever the index.
            guard let old = entries[entry.key.utf8]?.record else { return true }
            guard old.raftIndex.modifyIndex == entry.raftIndex.modifyIndex else { return false }
            // A key whose expiry was moved meanwhile is not deleted.
            guard entry.expires.isNever || entry.expires == old.expires else { return false }
            delete(entry.key, at: index, &changes)
        case .deleteTree:
            deleteTree(entry.key, at: index, &changes)
        case .lock: return lock(entry, at: index, &changes)
        case .unlock:
            guard let old = entries[entry.key.utf8]?.record, !old.session.isEmpty,
                old.session.utf8.elementsEqual(entry.session.utf8)
            else { return false }
            release(old)
            write(entry, over: old, session: "", lockIndex: old.lockIndex, at: index, &changes)
        }
        return true
    }

    /// Writing the same value moves no index and wakes no waiter.
    private mutating func set(_ new: KVEntry, at index: UInt64, _ changes: inout Changes) {
        var entry = new
        if let old = entries[new.key.utf8] {
            entry.lockIndex = old.record.lockIndex
            entry.session = old.record.session
            entry.raftIndex = old.record.raftIndex
            if entry.flags == old.record.flags, entry.value == old.record.value {
                return changeExpiry(entry, old.record)
            }
        } else {
            entry.lockIndex = 0
            entry.session = ""
            entry.raftIndex.createIndex = index
        }
        entry.raftIndex.modifyIndex = index
        put(entry)
        self.index = index
        changes.keys.append(entry.key)
    }

    /// Changes the expiry of an otherwise unchanged entry.
    private mutating func changeExpiry(_ entry: KVEntry, _ old: KVEntry) {
        let isSameLease = entry.lease.utf8.elementsEqual(old.lease.utf8)
        if entry.expires != old.expires || !isSameLease { put(entry) }
    }

    mutating func delete(_ key: String, at index: UInt64, _ changes: inout Changes) {
        guard let old = entries.remove(key.utf8)?.record else { return }
        if !old.session.isEmpty { held.remove(Self.holding(old)) }
        if !old.expires.isNever { expiring.remove(Self.expiry(old)) }
        leases.remove(old)
        graveyard.recordDeletion(key, at: index)
        self.index = index
        changes.keys.append(key)
        endLease(key, at: index, &changes)
    }

    private mutating func deleteTree(
        _ prefix: String, at index: UInt64, _ changes: inout Changes
    ) {
        if !held.isEmpty {
            var locked: [KVEntry] = []
            entries.forEach(under: prefix.utf8) { row in
                if !row.record.session.isEmpty { locked.append(row.record) }
            }
            for entry in locked { release(entry) }
        }
        if !expiring.isEmpty {
            var expiringEntries: [KVEntry] = []
            entries.forEach(under: prefix.utf8) { row in
                if !row.record.expires.isNever { expiringEntries.append(row.record) }
            }
            for entry in expiringEntries { expiring.remove(Self.expiry(entry)) }
        }
        var ended: [String] = []
        if !leases.isEmpty {
            var leased: [KVEntry] = []
            entries.forEach(under: prefix.utf8) { row in
                if !row.record.lease.isEmpty { leased.append(row.record) }
                if leases.count(on: row.record.key) > 0 { ended.append(row.record.key) }
            }
            for entry in leased { leases.remove(entry) }
        }
        guard entries.removeAll(under: prefix.utf8) > 0 else { return }
        graveyard.recordDeletion(prefix, at: index, isTree: true)
        self.index = index
        changes.keyTrees.append(prefix)
        for lease in ended { endLease(lease, at: index, &changes) }
    }

    /// Returns whether a deletion up to an index is remembered. Looks through all of them.
    package func hasTombstones(through last: UInt64) -> Bool {
        var isFound = false
        graveyard.tombstones.forEach { if $0.index <= last { isFound = true } }
        return isFound
    }

    mutating func reapTombstones(through last: UInt64) { graveyard.reap(through: last) }

    // MARK: Expiry

    /// Writes the entry, and its expiry to the index.
    private mutating func put(_ entry: KVEntry) {
        if let old = entries.insert(Row(entry), for: entry.key.utf8) {
            if !old.record.expires.isNever { expiring.remove(Self.expiry(old.record)) }
            leases.remove(old.record)
        }
        leases.add(entry)
        if !entry.expires.isNever { expiring.insert(entry.key, for: Self.expiry(entry)) }
    }

    /// The expiry time, in bytes that sort by time, and the key.
    private static func expiry(_ entry: KVEntry) -> [UInt8] {
        let moment = UInt64(clamping: entry.expires.unixNanoseconds)
        return withUnsafeBytes(of: moment.bigEndian) { Array($0) } + Array(entry.key.utf8)
    }

    /// Returns up to `limit` entries that expire, the earliest first.
    package func nextToExpire(limit: Int) -> [KVEntry] {
        var found: [KVEntry] = []
        var cursor = expiring.cursor()
        while found.count < limit, let key = cursor.next() {
            if let row = entries[key.utf8] { found.append(row.record) }
        }
        return found
    }

    // MARK: Locks

    /// The session's bytes and the key's: two spellings of an ID are one session.
    private static func holding(_ entry: KVEntry) -> [UInt8] {
        ((try? SessionID.bytes(of: entry.session)) ?? []) + Array(entry.key.utf8)
    }

    mutating func hold(_ entry: KVEntry) { held.insert(entry.key, for: Self.holding(entry)) }
    mutating func release(_ entry: KVEntry) { held.remove(Self.holding(entry)) }

    /// In byte order.
    package func keysHeld(by session: String) -> [String] {
        guard !held.isEmpty, let prefix = try? SessionID.bytes(of: session) else { return [] }
        var keys: [String] = []
        held.forEach(under: prefix) { keys.append($0) }
        return keys
    }

    /// Writes value and flags of `new` with this holder; an unchanged entry keeps its index.
    mutating func write(
        _ new: KVEntry, over old: KVEntry?, session: String, lockIndex: UInt64, at index: UInt64,
        _ changes: inout Changes
    ) {
        var entry = new
        entry.session = session
        entry.lockIndex = lockIndex
        entry.raftIndex = old?.raftIndex ?? RaftIndex(create: index, modify: index)
        if let old {
            var longer = old
            longer.expires = entry.expires
            longer.lease = entry.lease
            if entry == longer { return changeExpiry(entry, old) }
        }
        entry.raftIndex.modifyIndex = index
        put(entry)
        self.index = index
        changes.keys.append(entry.key)
    }

    // MARK: Restoring

    /// Restores an entry of a snapshot, including its indexes.
    mutating func restore(_ entry: KVEntry) {
        index = max(index, entry.raftIndex.modifyIndex)
        put(entry)
        if !entry.session.isEmpty { held.insert(entry.key, for: Self.holding(entry)) }
    }

    mutating func restore(tombstone key: String, at index: UInt64, isTree: Bool) {
        self.index = max(self.index, index)
        graveyard.recordDeletion(key, at: index, isTree: isTree)
    }

    mutating func restore(index: UInt64) { self.index = max(self.index, index) }
    mutating func restore(forgotten index: UInt64) { graveyard.restore(forgotten: index) }

    func checkInvariants(in store: StateStore) {
        entries.checkInvariants()
        held.checkInvariants()
        var locked = 0
        entries.forEach { if !$0.record.session.isEmpty { locked += 1 } }
        precondition(locked == held.count, "\(held.count) of \(locked) held keys are listed")
        expiring.checkInvariants()
        var expiringEntries = 0
        entries.forEach { if !$0.record.expires.isNever { expiringEntries += 1 } }
        precondition(
            expiringEntries == expiring.count,
            "\(expiring.count) of \(expiringEntries) ending keys are listed")
        leases.checkInvariants()
        var leased = 0
        entries.forEach { row in
            let entry = row.record
            if entry.lease.isEmpty { return }
            leased += 1
            precondition(
                entries[entry.lease.utf8]?.record.lease.isEmpty == true
                    && leases.count(on: entry.key) == 0,
                "\(entry.key) has the lease \(entry.lease), which is gone or has one itself")
        }
        precondition(leased == leases.count, "\(leases.count) of \(leased) leased keys are listed")
        graveyard.checkInvariants()
    }
}
