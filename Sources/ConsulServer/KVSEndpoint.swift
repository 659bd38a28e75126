internal import ConsulModel
internal import ConsulState
internal import Primitives

/// Keys and values.
enum KVSEndpoint {
    static func register(in table: inout EndpointTable, lockDelays: LockDelays) {
        table.add(.kvsGet) { snapshot, plan in
            let reading = snapshot.store.kvs.get(plan.query.name)
            return reading.with(reading.value.map { [$0] } ?? [])
        }
        table.add(.kvsList) { snapshot, plan in snapshot.store.kvs.list(plan.query.name) }
        table.add(.kvsListKeys) { snapshot, plan in
            snapshot.store.kvs.listKeys(plan.query.name, separator: plan.query.separator)
        }
        table.add(.kvsApply, in: { $0.datacenter }) { request throws(ConsulError) in
            try prepare(request, lockDelays)
        }
    }

    /// - Parameter lockDelays: what bars keys from being locked, by the leader's clock.
    private static func prepare(
        _ request: KVSRequest, _ lockDelays: LockDelays
    ) throws(ConsulError) -> Intent {
        if request.entry.key.isEmpty, request.operation != .deleteTree {
            throw ConsulError(.internal, "Must provide key")
        }
        if request.operation == .lock, lockDelays.bars(request.entry.key) { return .answer(false) }
        return .propose(.kvs(request))
    }
}
