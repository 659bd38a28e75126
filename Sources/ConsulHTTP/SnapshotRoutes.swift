import ConsulModel
import HTTPTransport
import Synchronization

let snapshotRoutes = [
    Route(
        "/v1/snapshot", ("GET", .direct(SnapshotRoutes.save)),
        ("PUT", .direct(SnapshotRoutes.restore)))
]

/// `/v1/snapshot`: the servers' whole state as one archive.
enum SnapshotRoutes {
    @Sendable static func save(_ exchange: Exchange) {
        var request = SnapshotSaveRequest()
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        request.allowsStale = exchange.query.has("stale")
        exchange.call(.snapshotSave, request) { archive in
            var headers: HeaderFields = ["Content-Type": "application/x-gzip"]
            Exchange.add(archive.meta, to: &headers, showsConsistency: false)
            return HTTPResponse(status: 200, headers: headers, body: archive.bytes)
        }
    }

    @Sendable static func restore(_ exchange: Exchange) throws(ConsulError) {
        let file = exchange.request.bodyFile
        let left = Mutex(exchange.request.body)
        var request = SnapshotRestoreRequest {
            if let file { return try file.next() }
            return left.withLock { left in
                defer { left = [] }
                return left.isEmpty ? nil : left
            }
        }
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        exchange.call(.snapshotRestore, request) { _ in Exchange.empty }
    }
}
