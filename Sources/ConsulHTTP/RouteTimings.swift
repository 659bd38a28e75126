import Telemetry

/// How long each route takes, by method: `http.GET.v1.kv._`, as Consul names them.
struct RouteTimings: Sendable {
    private let timings: [[Timing]]

    init(_ table: RouteTable, in registry: MetricRegistry) {
        timings = table.routes.map { route in
            route.actions.map { action in
                registry.timing(
                    Self.name(action.method, route.path),
                    help: "Milliseconds until \(action.method) \(route.path) was answered.")
            }
        }
    }

    /// - Parameters:
    ///   - place: of the route in the table.
    ///   - method: the place of the method among the route's.
    func timing(at place: Int, _ method: Int) -> Timing { timings[place][method] }

    /// What follows a prefix is `_`.
    static func name(_ method: String, _ path: String) -> MetricName {
        let parts = path.split(separator: "/").map(String.init)
        return MetricName(parts: ["http", method] + parts + (path.hasSuffix("/") ? ["_"] : []))
    }
}
