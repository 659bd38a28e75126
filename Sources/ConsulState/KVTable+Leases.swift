internal import ConsulModel

// Keys that live as long as another key, their lease, which has an expiry time.

extension KVTable {
    /// Checks the lease of an entry.
    ///
    /// - Returns: why the entry cannot depend on the key that it names; nil when it can, or names
    ///   none.
    func refusal(ofLeaseOf entry: KVEntry) -> ConsulStateError? {
        if entry.lease.isEmpty { return nil }
        let (key, lease) = (entry.key, entry.lease)
        func refused(_ reason: String) -> ConsulStateError {
            .badLease(key: key, lease: lease, reason: reason)
        }
        if !entry.expires.isNever { return refused("a key has a TTL or a lease, not both") }
        if key.utf8.elementsEqual(lease.utf8) { return refused("it is that key itself") }
        guard let holder = get(lease).value else { return refused("there is no such key") }
        guard holder.lease.isEmpty else { return refused("that key has a lease itself") }
        guard !holder.expires.isNever else { return refused("that key has no TTL") }
        guard leases.count(on: key) == 0 else { return refused("the key is a lease of others") }
        let isNew = get(key).value.map { !$0.lease.utf8.elementsEqual(lease.utf8) } ?? true
        guard !isNew || leases.count(on: lease) < Limits.keysOnLeaseMax else {
            return refused("\(Limits.keysOnLeaseMax) keys, the most allowed, have it already")
        }
        return nil
    }

    /// Returns the keys that live as long as this one, in byte order.
    package func keys(onLease lease: String) -> [String] { leases.keys(on: lease) }

    /// Deletes the keys whose lease was deleted.
    mutating func endLease(_ lease: String, at index: UInt64, _ changes: inout Changes) {
        for key in leases.keys(on: lease) { delete(key, at: index, &changes) }
    }
}
