internal import ConsulModel
internal import Primitives

// Locks on keys. The caller checks that a session exists.

extension KVTable {
    /// Locks the key, or writes it again if the session holds it already.
    ///
    /// - Returns: false when another session holds it.
    mutating func lock(_ new: KVEntry, at index: UInt64, _ changes: inout Changes) -> Bool {
        guard let old = entries[new.key.utf8]?.record else {
            write(new, over: nil, session: new.session, lockIndex: 1, at: index, &changes)
            hold(new)
            return true
        }
        if old.session.isEmpty {
            write(
                new, over: old, session: new.session, lockIndex: old.lockIndex + 1, at: index,
                &changes)
            hold(new)
            return true
        }
        guard old.session.utf8.elementsEqual(new.session.utf8) else { return false }
        write(new, over: old, session: old.session, lockIndex: old.lockIndex, at: index, &changes)
        return true
    }

    /// Unlocks the keys that a session holds, or deletes them.
    ///
    /// - Returns: their names, in byte order.
    mutating func endLocks(
        _ session: String, deletes: Bool, at index: UInt64, _ changes: inout Changes
    ) -> [String] {
        let keys = keysHeld(by: session)
        for key in keys {
            guard let old = entries[key.utf8]?.record else { continue }
            if deletes {
                delete(key, at: index, &changes)
            } else {
                release(old)
                write(old, over: old, session: "", lockIndex: old.lockIndex, at: index, &changes)
            }
        }
        return keys
    }
}
