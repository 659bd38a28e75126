import Telemetry

/// Counts the calls of the catalog over HTTP and their results, with Consul's names:
/// `client.api.catalog_nodes`, `client.api.success.catalog_nodes` and
/// `client.rpc.error.catalog_nodes`.
struct ClientCallCounters: Sendable {
    struct Route: Sendable {
        let asked: Counter
        let succeeded: Counter
        let failed: Counter
    }

    private static let names = [
        "/v1/catalog/register": "catalog_register", "/v1/catalog/deregister": "catalog_deregister",
        "/v1/catalog/datacenters": "catalog_datacenters", "/v1/catalog/nodes": "catalog_nodes",
        "/v1/catalog/services": "catalog_services",
        "/v1/catalog/service/": "catalog_service_nodes",
        "/v1/catalog/node/": "catalog_node_services",
        "/v1/catalog/node-services/": "catalog_node_service_list",
    ]

    private let routes: [Route?]

    init(_ table: RouteTable, node: String, in registry: MetricRegistry) {
        routes = table.routes.map { route in
            guard let name = Self.names[route.path] else { return nil }
            func counter(_ kind: String, _ what: String) -> Counter {
                registry.counter("client.\(kind).\(name)", [("node", node)], help: what)
            }
            return Route(
                asked: counter("api", "Requests to \(route.path)."),
                succeeded: counter("api.success", "Those that a server answered."),
                failed: counter("rpc.error", "Those that the servers refused."))
        }
    }

    /// Nil for a route that is not about the catalog.
    func counters(at index: Int) -> Route? { routes[index] }
}
