import Telemetry

/// Measures each route by method: `http.GET.v1.kv._`, as Consul names them.
struct RouteTimings: Sendable {
    private let timings: [[Timing]]

    init(_ table: RouteTable, in registry: MetricRegistry) {
        timings = table.routes.map { route in
            route.methods.map { method in
                registry.timing(
                    Self.name(method.name, route.path),
                    help: "Milliseconds until \(method.name) \(route.path) was answered.")
            }
        }
    }

    /// - Parameters:
    ///   - index: The index of the route in the table.
    ///   - method: The index of the method among the route's.
    func timing(at index: Int, _ method: Int) -> Timing { timings[index][method] }

    /// Names the timing of a route. The subject is `_`.
    static func name(_ method: String, _ path: String) -> MetricName {
        let parts = path.split(separator: "/").map { $0.hasPrefix(":") ? "_" : String($0) }
        return MetricName(parts: ["http", method] + parts + (path.hasSuffix("/") ? ["_"] : []))
    }
}
