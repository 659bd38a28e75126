package import ConsulModel

extension StateStore {
    /// Carries the operations out one after another, each on the state that the previous ones left.
    /// When one fails, nothing was done; all failures are returned.
    package mutating func applyTransaction(
        _ operations: [TxnOperation], at index: UInt64, _ changes: inout Changes
    ) -> TxnResponse {
        var response = TxnResponse()
        var results: [TxnResult] = []
        results.reserveCapacity(operations.count)
        if Self.areCertain(operations) {
            let errors = applyOperations(operations, at: index, &changes, &results)
            precondition(errors.isEmpty, "an operation that cannot fail failed: \(errors)")
            response.results = results
            return response
        }
        var draft = self
        var touched = Changes()
        let errors = draft.applyOperations(operations, at: index, &touched, &results)
        if errors.isEmpty {
            self = draft
            changes.merge(touched)
            response.results = results
        } else {
            response.errors = errors
        }
        return response
    }

    private mutating func applyOperations(
        _ operations: [TxnOperation], at index: UInt64, _ changes: inout Changes,
        _ results: inout [TxnResult]
    ) -> [TxnError] {
        var errors: [TxnError] = []
        // By index: an operation has many parts, and a copy would retain each of them.
        operations.withUnsafeBufferPointer { operations in
            for number in operations.indices {
                do throws(TxnFault) {
                    try applyOperation(operations[number], at: index, &changes, &results)
                } catch {
                    errors.append(TxnError(number, error.what))
                }
                // At once, so that the next operations see the locks that ended with the removed
                // records.
                if !changes.losses.isEmpty {
                    settleLosses(at: index, &changes)
                    changes.losses = []
                }
            }
        }
        return errors
    }

    private mutating func applyOperation(
        _ operation: TxnOperation, at index: UInt64, _ changes: inout Changes,
        _ shown: inout [TxnResult]
    ) throws(TxnFault) {
        if let operation = operation.kv {
            if operation.verb == KVOperation.lock.rawValue,
                let reason = refusal(ofLockBy: operation.entry.session)
            {
                throw TxnFault(reason)
            }
            return try kvs.applyOperation(operation, at: index, &changes, &shown)
        }
        if let operation = operation.node {
            shown += try catalog.applyNode(operation, at: index, &changes)
        } else if let operation = operation.service {
            shown += try catalog.applyService(operation, at: index, &changes)
        } else if let operation = operation.check {
            shown += try catalog.applyCheck(operation, at: index, &changes)
        } else if let operation = operation.session {
            try applySessionOperation(operation, at: index, &changes)
        }
    }

    private mutating func applySessionOperation(
        _ operation: TxnSessionOperation, at index: UInt64, _ changes: inout Changes
    ) throws(TxnFault) {
        guard operation.verb == "delete" else {
            throw TxnFault("unknown Session verb \"\(operation.verb)\"")
        }
        do throws(ConsulStateError) {
            if let session = try sessions.get(operation.session.id).value {
                end(session, at: index, &changes)
            }
        } catch {
            throw TxnFault(error)
        }
    }

    /// Checks the session of a lock.
    ///
    /// - Returns: why the lock cannot be tried; nil when it can.
    func refusal(ofLockBy id: String) -> ConsulStateError? {
        if id.isEmpty { return .missingSession }
        do {
            return try sessions.get(id).value == nil ? .invalidSession(id) : nil
        } catch {
            return error
        }
    }
}

extension StateStore {
    /// Carries out plain writes of keys, which no state refuses. A transaction of these alone needs
    /// no draft, which would copy every part of the trees that it touches.
    private static func areCertain(_ operations: [TxnOperation]) -> Bool {
        operations.withUnsafeBufferPointer { operations in
            operations.indices.allSatisfy { number in
                operations[number].kv?.verb == KVOperation.set.rawValue
                    && operations[number].kv?.entry.lease.isEmpty == true
            }
        }
    }
}

extension TxnRequest {
    package var isAboutKeysAlone: Bool {
        operations.withUnsafeBufferPointer { operations in
            operations.indices.allSatisfy { number in
                if case .some = operations[number].kv { true } else { false }
            }
        }
    }

    fileprivate var deletesTree: Bool {
        operations.withUnsafeBufferPointer { operations in
            operations.indices.contains { number in
                operations[number].kv?.verb == KVOperation.deleteTree.rawValue
            }
        }
    }
}

extension Command {
    /// True when the command changes a few keys and nothing else. Others may change any number
    /// of records.
    package var isBrief: Bool {
        switch self {
        case .kvs(let request): request.operation != .deleteTree
        case .txn(let request): request.isAboutKeysAlone && !request.deletesTree
        default: false
        }
    }
}

/// The reason why an operation of a transaction failed, in Consul's words.
struct TxnFault: Error {
    var what: String
    init(_ what: String) { self.what = what }
    /// In a transaction, Consul omits the prefix of a registration's reasons.
    init(_ reason: ConsulStateError) {
        switch reason {
        case .checkWithoutService: what = "Missing service registration"
        case .serviceWithoutID: what = "failed inserting service: object missing primary index"
        case .checkWithoutID: what = "failed inserting check: object missing primary index"
        default:
            let text = reason.description
            let prefix = ["failed inserting node: ", "failed inserting service: "]
                .first { text.hasPrefix($0) }
            what = String(text.dropFirst(prefix?.count ?? 0))
        }
    }
}
