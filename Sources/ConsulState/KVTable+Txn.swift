internal import ConsulModel
internal import Wire

extension KVTable {
    /// - Returns: the entries that the operation shows; without values after a write.
    mutating func apply(
        _ operation: TxnKVOperation, at index: UInt64, _ changes: inout Changes
    ) throws(TxnFault) -> [KVEntry] {
        let key = operation.entry.key
        if let verb = KVOperation(rawValue: operation.verb) {
            if verb == .unlock, operation.entry.session.isEmpty {
                throw TxnFault(ConsulStateError.missingSession)
            }
            if verb.writesEntry, let reason = refusal(ofLeaseOf: operation.entry) {
                throw TxnFault(reason)
            }
            guard apply(KVSRequest(verb, operation.entry), at: index, &changes) else {
                throw TxnFault(Self.complaint(of: verb, key))
            }
            guard ![.delete, .deleteCAS, .deleteTree].contains(verb) else { return [] }
            return withoutValue(get(key).value)
        }
        switch operation.verb {
        case "get": return [try entry(key, or: "key \"\(key)\" doesn't exist")]
        case "get-tree": return list(key).value
        case "check-session":
            let found = try entry(key, or: "failed to check session, key \"\(key)\" doesn't exist")
            guard found.session.utf8.elementsEqual(operation.entry.session.utf8) else {
                throw TxnFault(
                    "failed session check for key \"\(key)\", current session "
                        + "\"\(found.session)\" != \"\(operation.entry.session)\"")
            }
            return withoutValue(found)
        case "check-index":
            let found = try entry(key, or: "failed to check index, key \"\(key)\" doesn't exist")
            let wanted = operation.entry.raftIndex.modifyIndex
            guard found.raftIndex.modifyIndex == wanted else {
                throw TxnFault(
                    "failed index check for key \"\(key)\", current modify index "
                        + "\(found.raftIndex.modifyIndex) != \(wanted)")
            }
            return withoutValue(found)
        case "check-not-exists":
            if get(key).value != nil { throw TxnFault("key \"\(key)\" exists") }
            return []
        default: throw TxnFault("unknown KV verb \"\(operation.verb)\"")
        }
    }

    private func entry(_ key: String, or complaint: String) throws(TxnFault) -> KVEntry {
        guard let entry = get(key).value else { throw TxnFault(complaint) }
        return entry
    }

    private func withoutValue(_ entry: KVEntry?) -> [KVEntry] {
        guard var entry else { return [] }
        entry.value = Bytes()
        return [entry]
    }

    private static func complaint(of verb: KVOperation, _ key: String) -> String {
        switch verb {
        case .lock: "failed to lock key \"\(key)\", lock is already held"
        case .unlock:
            "failed to unlock key \"\(key)\", lock isn't held, or is held by another session"
        case .deleteCAS: "failed to delete key \"\(key)\", index is stale"
        default: "failed to set key \"\(key)\", index is stale"
        }
    }
}
