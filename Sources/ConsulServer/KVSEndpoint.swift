internal import ConsulModel
internal import ConsulState
internal import Primitives

/// Keys and values.
enum KVSEndpoint {
    static func register(in table: inout EndpointTable) {
        table.add(.kvsGet) { snapshot, plan in
            let reading = snapshot.store.kvs.get(plan.query.name)
            return reading.with(reading.value.map { [$0] } ?? [])
        }
        table.add(.kvsList) { snapshot, plan in snapshot.store.kvs.list(plan.query.name) }
        table.add(.kvsListKeys) { snapshot, plan in
            snapshot.store.kvs.listKeys(plan.query.name, separator: plan.query.separator)
        }
        table.add(.kvsApply, in: { $0.datacenter }, prepare)
    }

    @Sendable
    static func prepare(_ request: KVSRequest) throws(ConsulError) -> Intent {
        if request.entry.key.isEmpty, request.operation != .deleteTree {
            throw ConsulError(.internal, "Must provide key")
        }
        switch request.operation {
        case .lock:
            throw refusal(ofSession: request.entry.session)
        case .unlock:
            if request.entry.session.isEmpty { throw refusal(ofSession: "") }
            // No session is known here, so none holds the key.
            return .answer(false)
        case .set, .delete, .deleteCAS, .deleteTree, .cas:
            return .propose(.kvs(request))
        }
    }

    /// As Consul refuses a session that it does not know.
    private static func refusal(ofSession id: String) -> ConsulError {
        if id.isEmpty { return ConsulError(.internal, "missing session") }
        if id.utf8.count != 36 {
            return ConsulError(
                .internal, "failed session lookup: index error: UUID must be 36 characters")
        }
        return ConsulError(.internal, "invalid session \"\(id)\"")
    }
}
