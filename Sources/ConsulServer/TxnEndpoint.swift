internal import ConsulModel
internal import ConsulState

/// Transactions.
enum TxnEndpoint {
    static func register(in table: inout EndpointTable, lockDelays: LockDelays) {
        let (log, state) = (table.log, table.state)
        table.add(.txnApply, in: { $0.datacenter }) { request, reply throws(ConsulError) in
            let errors = faults(request.operations, lockDelays)
            guard errors.isEmpty else { return reply(.success(refusal(errors))) }
            log.propose(.txn(request)) { result in
                reply(
                    result.flatMap { commit in
                        if case .transacted(let response) = commit.result {
                            return .success(response)
                        }
                        return commit.answer.map { _ in TxnResponse() }
                    })
            }
        }
        table.add(.txnRead, in: { $0.options.datacenter }) { request, reply throws(ConsulError) in
            let errors = faults(request.operations, lockDelays)
            guard errors.isEmpty else {
                return reply(.success(Indexed(refusal(errors), QueryMeta())))
            }
            switch request.options.consistency {
            case .standard: guard log.leadership.isReady else { throw .noLeader }
            case .stale: break
            case .consistent:
                log.verify { error in
                    reply(error.map { .failure($0) } ?? .success(read(request, state.load(), log)))
                }
                return
            }
            reply(.success(read(request, state.load(), log)))
        }
    }

    private static func read(
        _ request: TxnReadRequest, _ snapshot: Snapshot, _ log: RaftLog
    ) -> Indexed<TxnResponse> {
        var store = snapshot.store
        var changes = Changes()
        let response = store.apply(request.operations, at: 0, &changes)
        var meta = QueryMeta()
        meta.consistency = request.options.consistency
        if meta.consistency == .stale { (meta.knownLeader, meta.lastContact) = log.contact() }
        return Indexed(response, meta)
    }

    private static func refusal(_ errors: [TxnError]) -> TxnResponse {
        var response = TxnResponse()
        response.errors = errors
        return response
    }

    /// What fails whatever the state is.
    private static func faults(
        _ operations: [TxnOperation], _ lockDelays: LockDelays
    ) -> [TxnError] {
        var errors: [TxnError] = []
        for (number, operation) in operations.enumerated() {
            guard let operation = operation.kv else { continue }
            let key = operation.entry.key
            let verb = KVOperation(rawValue: operation.verb)
            if key.isEmpty, verb != .deleteTree {
                errors.append(TxnError(number, "Must provide key"))
            } else if verb == .lock, lockDelays.bars(key) {
                errors.append(
                    TxnError(number, "failed to lock key \"\(key)\" due to lock delay"))
            }
        }
        return errors
    }
}
