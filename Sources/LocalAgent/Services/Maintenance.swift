import ConsulModel

/// The checks that mark a node or a service as under maintenance (Consul's IDs and texts).
enum Maintenance {
    static let nodeCheckID = "_node_maintenance"
    static let servicePrefix = "_service_maintenance:"

    static func checkID(service: String) -> String {
        service.isEmpty ? nodeCheckID : servicePrefix + service
    }

    static func check(on node: String, service: NodeService?, reason: String) -> HealthCheck {
        var check = HealthCheck()
        check.node = node
        check.checkID = checkID(service: service?.id ?? "")
        check.name = service == nil ? "Node Maintenance Mode" : "Service Maintenance Mode"
        check.status = CheckStatus.critical.rawValue
        let standard =
            service == nil
            ? "Maintenance mode is enabled for this node, but no reason was provided. "
                + "This is a default message."
            : "Maintenance mode is enabled for this service, but no reason was provided. "
                + "This is a default message."
        check.notes = reason.isEmpty ? standard : reason
        check.type = "maintenance"
        if let service {
            check.serviceID = service.id
            check.serviceName = service.service
            check.serviceTags = service.tags
        }
        return check
    }

    /// Returns the reason of a maintenance check; nil for any other check.
    static func reason(of check: HealthCheck) -> String? {
        check.checkID == nodeCheckID || check.checkID.hasPrefix(servicePrefix)
            ? check.notes : nil
    }
}
