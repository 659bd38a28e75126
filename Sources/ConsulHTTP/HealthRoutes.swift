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
        var request = ServiceSpecificRequest(name, try exchange.discoveryOptions())
        request.tags = exchange.query.all("tag")
        request.passingOnly = try exchange.query.flag("passing")
        exchange.read(.healthServiceNodes, request, of: .service(name)) {
            256 + $0.count * 2_048  // an instance with its node and two checks, indented
        }
    }

    @Sendable static func serviceChecks(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing service name")
        let request = ServiceSpecificRequest(name, try exchange.discoveryOptions())
        exchange.read(.healthServiceChecks, request, of: .whole)
    }

    @Sendable static func node(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing node name")
        let request = NodeSpecificRequest(name, try exchange.discoveryOptions())
        exchange.read(.healthNodeChecks, request, of: .whole)
    }

    @Sendable static func state(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing check state")
        let request = ChecksInStateRequest(name, try exchange.discoveryOptions())
        exchange.read(.healthChecksInState, request, of: .whole)
    }
}
