import ConsulModel
import HTTPTransport
import Wire

let healthRoutes = [
    Route("/v1/health/service/", ("GET", .direct(HealthRoutes.service))),
    Route("/v1/health/checks/", ("GET", .direct(HealthRoutes.serviceChecks))),
    Route("/v1/health/node/", ("GET", .direct(HealthRoutes.node))),
    Route("/v1/health/state/", ("GET", .direct(HealthRoutes.state))),
]

/// `/v1/health/…`.
enum HealthRoutes {
    @Sendable static func service(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing service name")
        var query = try exchange.discoveryQuery(name)
        query.tags = exchange.query.all("tag")
        query.passingOnly = try exchange.query.flag("passing")
        exchange.read(.healthServiceNodes, query, of: .service(name)) {
            256 + $0.count * 2_048  // an instance with its node and two checks, indented
        }
    }

    @Sendable static func serviceChecks(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing service name")
        exchange.read(.healthServiceChecks, try exchange.discoveryQuery(name), of: .whole)
    }

    @Sendable static func node(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing node name")
        exchange.read(.healthNodeChecks, try exchange.discoveryQuery(name), of: .whole)
    }

    @Sendable static func state(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing check state")
        exchange.read(.healthChecksInState, try exchange.discoveryQuery(name), of: .whole)
    }
}
