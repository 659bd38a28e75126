internal import ConsulModel
internal import ConsulState
internal import Cryptography
internal import Primitives
internal import Telemetry
internal import Wire

/// Holds the handlers of the calls about keys and values.
enum KVSHandlers {
    static func register(
        in table: inout EndpointTable, lockDelays: LockDelays, expirer: KeyExpirer
    ) {
        table.add(.kvsGet, reading: { view, plan in
            let reading = view.store.kvs.get(plan.request.key)
            return reading.with(reading.value.map { [$0] } ?? [])
        })
        table.add(.kvsList, reading: { view, plan in
            let request = plan.request
            if request.limit == 0, request.startAfter.isEmpty {
                return view.store.kvs.list(request.key)
            }
            let limit = request.limit > 0 ? request.limit : .max
            return view.store.kvs.list(request.key, after: request.startAfter, limit: limit)
        })
        table.add(.kvsListKeys, reading: { view, plan in
            let request = plan.request
            return view.store.kvs.listKeys(
                request.prefix, separator: request.separator, depth: request.depth,
                after: request.startAfter, limit: request.limit)
        })
        table.add(.kvsSummary, reading: { view, plan in
            let list = view.store.kvs.list(plan.request.key)
            return list.with(summary(of: list.value, hashes: plan.request.wantsHash))
        })
        table.add(
            .kvsApply, timing: table.metrics.kvsApply,
            preparing: { request throws(ConsulError) in
                try prepare(request, lockDelays, expirer)
            },
            then: { request in next(request, expirer) })
    }

    private static func next(
        _ request: KVSRequest, _ expirer: KeyExpirer
    ) -> (@Sendable () -> Void)? {
        if request.ttl == .zero { return nil }
        return { expirer.look() }
    }

    private static func summary(of entries: [KVEntry], hashes: Bool) -> KVSummary {
        var summary = KVSummary()
        summary.count = entries.count
        summary.bytes = entries.reduce(0) { $0 + $1.value.count }
        if hashes {
            var sum = SHA256Sum()
            for entry in entries {
                sum.add(bigEndian(UInt64(entry.key.utf8.count)))
                sum.add(entry.key.utf8)
                sum.add(bigEndian(entry.flags))
                sum.add(bigEndian(UInt64(entry.value.count)))
                sum.add(entry.value.array)
            }
            summary.hash = sum.hex
        }
        return summary
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    /// - Parameter lockDelays: the keys that cannot be locked yet, by the leader's clock.
    private static func prepare(
        _ request: KVSRequest, _ lockDelays: LockDelays, _ expirer: KeyExpirer
    ) throws(ConsulError) -> PreparedWrite {
        if request.entry.key.isEmpty, request.operation != .deleteTree {
            throw ConsulError(.internal, "Must provide key")
        }
        if request.operation == .lock, lockDelays.bars(request.entry.key) { return .answer(false) }
        guard request.ttl != .zero else { return .propose(.kvs(request)) }
        try KeyExpirer.check(request.ttl)
        var timed = request
        timed.entry.expires = expirer.expiry(after: request.ttl)
        timed.ttl = .zero
        return .propose(.kvs(timed))
    }
}
