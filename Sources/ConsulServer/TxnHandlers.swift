internal import ConsulModel
internal import ConsulState
internal import Platform
internal import Primitives
internal import Telemetry

/// Holds the handlers of the calls about transactions.
enum TxnHandlers {
    static func register(
        in table: inout EndpointTable, lockDelays: LockDelays, expirer: KeyExpirer
    ) {
        let (log, state, metrics) = (table.log, table.state, table.metrics)
        table.add(.txnApply, answering: { request, reply throws(ConsulError) in
            var request = request
            let errors = prepare(&request.operations, lockDelays, expirer)
            guard errors.isEmpty else { return reply(.success(refusal(errors))) }
            let isTimed = request.operations.contains { $0.kv?.entry.expires.isNever == false }
            let start = SystemClock.now()
            log.propose(.txn(request)) { result in
                metrics.txnApply.record(since: start)
                if isTimed { expirer.look() }
                reply(
                    result.flatMap { commit in
                        if case .transacted(let response) = commit.result {
                            return .success(response)
                        }
                        return commit.answer.map { _ in TxnResponse() }
                    })
            }
        })
        table.add(.txnRead, answering: { request, reply throws(ConsulError) in
            let start = SystemClock.now()
            defer { metrics.txnRead.record(since: start) }
            var request = request
            let errors = prepare(&request.operations, lockDelays, expirer)
            guard errors.isEmpty else {
                return reply(.success(TxnReadResponse(refusal(errors), QueryMeta())))
            }
            reply(.success(read(request, state.load(), log)))
        })
    }

    private static func read(
        _ request: TxnReadRequest, _ view: StateView, _ log: RaftLog
    ) -> TxnReadResponse {
        var store = view.store
        var changes = Changes()
        let response = store.applyTransaction(request.operations, at: 0, &changes)
        var meta = QueryMeta()
        meta.consistency = request.options.consistency
        if meta.consistency == .stale { (meta.knownLeader, meta.lastContact) = log.contact() }
        return TxnReadResponse(response, meta)
    }

    private static func refusal(_ errors: [TxnError]) -> TxnResponse {
        var response = TxnResponse()
        response.errors = errors
        return response
    }

    /// Completes the operations, and returns the errors that do not depend on the state.
    private static func prepare(
        _ operations: inout [TxnOperation], _ lockDelays: LockDelays, _ expirer: KeyExpirer
    ) -> [TxnError] {
        var errors: [TxnError] = []
        for number in operations.indices {
            do throws(ConsulError) {
                try prepare(&operations[number], lockDelays, expirer)
            } catch {
                errors.append(TxnError(number, error.message))
            }
        }
        return errors
    }

    private static func prepare(
        _ operation: inout TxnOperation, _ lockDelays: LockDelays, _ expirer: KeyExpirer
    ) throws(ConsulError) {
        // Moved out and back, which copies none of its parts.
        if var kv = operation.kv.take() {
            defer { operation.kv = kv }
            try prepare(&kv, lockDelays, expirer)
        } else if operation.isRead {
            return
        } else if let node = operation.node?.node {
            try RegistrationRules.check(node: node.node, id: node.id)
        } else if var service = operation.service?.service {
            try RegistrationRules.complete(&service)
            operation.service?.service = service
        } else if let check = operation.check?.check, check.checkID.isEmpty {
            operation.check?.check.checkID = check.name
        }
    }

    private static func prepare(
        _ kv: inout TxnKVOperation, _ lockDelays: LockDelays, _ expirer: KeyExpirer
    ) throws(ConsulError) {
        if kv.entry.key.isEmpty, kv.verb != KVOperation.deleteTree.rawValue {
            throw ConsulError(.internal, "Must provide key")
        }
        try KeyExpirer.check(kv.ttl)
        kv.entry.expires = expirer.expiry(after: kv.ttl)
        kv.ttl = .zero
        if kv.verb == KVOperation.lock.rawValue, lockDelays.bars(kv.entry.key) {
            throw ConsulError(
                .internal, "failed to lock key \"\(kv.entry.key)\" due to lock delay")
        }
    }
}
