import ConsulModel
import HTTPTransport

let snapshotRoutes = [
    Route(
        "/v1/snapshot", ("GET", .direct(SnapshotRoutes.save)),
        ("PUT", .direct(SnapshotRoutes.restore)))
]

/// `/v1/snapshot`: all that the servers hold, as one archive.
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
        var request = SnapshotRestoreRequest()
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        request.archive = exchange.request.body
        exchange.call(.snapshotRestore, request) { _ in Exchange.empty }
    }
}
