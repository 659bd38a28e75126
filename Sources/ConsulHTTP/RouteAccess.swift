import ConsulModel
import LocalAgent

/// The permission that a method of a route needs: a column of the route table, for the routes that
/// the agent answers itself. Routes that call an endpoint need none here: the endpoint states it.
enum RouteAccess: Sendable {
    enum Resource: Sendable, Hashable { case agent, node, service, event, `operator` }
    enum Level: Sendable, Hashable { case read, write }

    /// Names a thing that a permission is about.
    struct Permission: Sendable, Hashable {
        var resource: Resource
        var level: Level
        /// Empty for the operator's, which has no names.
        var name: String
    }

    /// Stated by the endpoint that the action calls.
    case endpoint
    /// None.
    case open
    /// For the resource that has this node's name, or no name.
    case own(Resource, Level)
    /// For the resource that the subject of the path names.
    case subject(Resource, Level)
    /// For a resource found from the request.
    case found(@Sendable (Exchange) -> Permission)
    /// The action decides for each row of its answer, or once it has read the body.
    case inAction(Resource, Level)

    static let agentRead = own(.agent, .read)
    static let agentWrite = own(.agent, .write)
    static let nodeWrite = own(.node, .write)
    static let operatorRead = own(.operator, .read)
    static let operatorWrite = own(.operator, .write)
    static let eventWrite = subject(.event, .write)

    /// For the service instance whose ID the subject is.
    static func service(_ level: Level) -> RouteAccess {
        .found { exchange in
            let service = exchange.agent.local.service(exchange.subject)?.service
            return Permission(
                resource: .service, level: level, name: service?.service ?? exchange.subject)
        }
    }

    /// For the service of the check whose ID the subject is, else for this node.
    static func check(_ level: Level) -> RouteAccess {
        .found { exchange in
            let name = exchange.agent.local.check(exchange.subject)?.check.serviceName ?? ""
            return name.isEmpty
                ? Permission(resource: .node, level: level, name: exchange.agent.local.nodeName)
                : Permission(resource: .service, level: level, name: name)
        }
    }

    /// Returns the permission to ask for before the action runs; nil when there is none.
    func permission(for exchange: Exchange) -> Permission? {
        switch self {
        case .endpoint, .open, .inAction: nil
        case .own(let resource, let level):
            Permission(
                resource: resource, level: level,
                name: resource == .operator ? "" : exchange.agent.local.nodeName)
        case .subject(let resource, let level):
            Permission(resource: resource, level: level, name: exchange.subject)
        case .found(let find): find(exchange)
        }
    }
}

/// Decides on permissions, for all routes that the agent answers itself. Permissions are off in
/// this version, as in Consul without `acl`: every request is allowed.
enum AccessCheck {
    static func allows(_ access: RouteAccess, _ exchange: Exchange) -> Bool { true }
}
