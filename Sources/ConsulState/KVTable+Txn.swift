internal import ConsulModel
internal import Primitives
internal import Wire

extension KVTable {
    /// Carries out an operation of a transaction.
    ///
    /// - Parameter shown: receives the entries that the operation shows; without values after a
    ///   write.
    mutating func applyOperation(
        _ operation: TxnKVOperation, at index: UInt64, _ changes: inout Changes,
        _ shown: inout [TxnResult]
    ) throws(TxnFault) {
        guard let verb = KVOperation(rawValue: operation.verb) else {
            shown += try look(operation).map { TxnResult(kv: $0) }
            return
        }
        let key = operation.entry.key
        if verb == .unlock, operation.entry.session.isEmpty {
            throw TxnFault(ConsulStateError.missingSession)
        }
        if verb.writesEntry, let reason = refusal(ofLeaseOf: operation.entry) {
            throw TxnFault(reason)
        }
        guard applyKVS(verb, operation.entry, at: index, &changes) else {
            throw TxnFault(Self.failureText(of: verb, key))
        }
        switch verb {
        case .delete, .deleteCAS, .deleteTree: return
        case .set, .cas, .lock, .unlock:
            guard var entry = entries[key.utf8]?.record else { return }
            entry.value = Bytes()
            shown.append(TxnResult(kv: entry))
        }
    }

    private func look(_ operation: TxnKVOperation) throws(TxnFault) -> [KVEntry] {
        let key = operation.entry.key
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

    private func entry(_ key: String, or reason: String) throws(TxnFault) -> KVEntry {
        guard let entry = get(key).value else { throw TxnFault(reason) }
        return entry
    }

    private func withoutValue(_ entry: KVEntry) -> [KVEntry] {
        var entry = entry
        entry.value = Bytes()
        return [entry]
    }

    private static func failureText(of verb: KVOperation, _ key: String) -> String {
        switch verb {
        case .lock: "failed to lock key \"\(key)\", lock is already held"
        case .unlock:
            "failed to unlock key \"\(key)\", lock isn't held, or is held by another session"
        case .deleteCAS: "failed to delete key \"\(key)\", index is stale"
        default: "failed to set key \"\(key)\", index is stale"
        }
    }
}
