package import ConsulModel

extension StateStore {
    /// Carries the operations out one after another, each on what those before it left. When one
    /// fails, nothing was done; all that fail are told.
    package mutating func apply(
        _ operations: [TxnOperation], at index: UInt64, _ changes: inout Changes
    ) -> TxnResponse {
        var draft = self
        var touched = Changes()
        var results: [TxnResult] = []
        var errors: [TxnError] = []
        for (number, operation) in operations.enumerated() {
            do throws(TxnFault) {
                try draft.apply(operation, at: index, &touched, &results)
            } catch {
                errors.append(TxnError(number, error.what))
            }
            // At once, so that what follows sees the locks that ended with what went.
            if !touched.losses.isEmpty {
                draft.settleLosses(at: index, &touched)
                touched.losses = []
            }
        }
        var response = TxnResponse()
        if errors.isEmpty {
            self = draft
            changes.merge(touched)
            response.results = results
        } else {
            response.errors = errors
        }
        return response
    }

    private mutating func apply(
        _ operation: TxnOperation, at index: UInt64, _ changes: inout Changes,
        _ shown: inout [TxnResult]
    ) throws(TxnFault) {
        if let operation = operation.kv {
            if operation.verb == KVOperation.lock.rawValue,
                let reason = refusal(ofLockBy: operation.entry.session)
            {
                throw TxnFault(reason)
            }
            return try kvs.apply(operation, at: index, &changes, &shown)
        }
        if let operation = operation.node {
            shown += try catalog.apply(operation, at: index, &changes)
        } else if let operation = operation.service {
            shown += try catalog.apply(operation, at: index, &changes)
        } else if let operation = operation.check {
            shown += try catalog.apply(operation, at: index, &changes)
        } else if let operation = operation.session {
            try apply(operation, at: index, &changes)
        }
    }

    private mutating func apply(
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

    /// - Returns: why the lock cannot even be tried; nil when it can.
    func refusal(ofLockBy id: String) -> ConsulStateError? {
        if id.isEmpty { return .missingSession }
        do {
            return try sessions.get(id).value == nil ? .invalidSession(id) : nil
        } catch {
            return error
        }
    }
}

/// Why an operation of a transaction failed, in Consul's words.
struct TxnFault: Error {
    var what: String
    init(_ what: String) { self.what = what }
    /// Of a transaction, Consul leaves out what a registration's reasons begin with.
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
