internal import ConsulModel
internal import Primitives

/// The keys that live as long as another key, their lease. Both are bytes: a lease is written after
/// its length, so that no lease is a prefix of another one.
struct LeaseIndex: Sendable {
    private var keys = RadixTree<String>()
    /// The number of keys for each lease, so that checking the bound costs no walk.
    private var counts = RadixTree<Int>()

    var isEmpty: Bool { keys.isEmpty }
    /// The number of keys that have a lease.
    var count: Int { keys.count }

    func count(on lease: String) -> Int { counts[lease.utf8] ?? 0 }

    /// Returns the keys of a lease in byte order.
    func keys(on lease: String) -> [String] {
        guard counts[lease.utf8] != nil else { return [] }
        var found: [String] = []
        keys.forEach(under: Self.prefix(lease)) { found.append($0) }
        return found
    }

    mutating func add(_ entry: KVEntry) {
        guard !entry.lease.isEmpty else { return }
        let old = keys.insert(entry.key, for: Self.prefix(entry.lease) + Array(entry.key.utf8))
        if old == nil { counts.insert(count(on: entry.lease) + 1, for: entry.lease.utf8) }
    }

    mutating func remove(_ entry: KVEntry) {
        guard !entry.lease.isEmpty,
            keys.remove(Self.prefix(entry.lease) + Array(entry.key.utf8)) != nil
        else { return }
        let left = count(on: entry.lease) - 1
        if left > 0 {
            counts.insert(left, for: entry.lease.utf8)
        } else {
            counts.remove(entry.lease.utf8)
        }
    }

    private static func prefix(_ lease: String) -> [UInt8] {
        let length = UInt32(truncatingIfNeeded: lease.utf8.count)
        return withUnsafeBytes(of: length.bigEndian) { Array($0) } + Array(lease.utf8)
    }

    func checkInvariants() {
        keys.checkInvariants()
        counts.checkInvariants()
        var sum = 0
        counts.forEach { sum += $0 }
        precondition(sum == keys.count, "\(sum) of \(keys.count) keys are counted on their leases")
    }
}
