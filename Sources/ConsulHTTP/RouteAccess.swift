import ConsulModel
import LocalAgent

/// The permission that a method of a route needs: a column of the route table, for the routes that
/// the agent answers itself. `ConsulHandler` judges it before the action runs. Routes that call an
/// endpoint need none here: the endpoint declares it.
enum RouteAccess: Sendable {
    /// The endpoint that the action calls declares it.
    case endpoint
    /// None.
    case open
    /// For a resource without names.
    case whole(Permission.Resource, Permission.Access)
    /// For the resource that has this node's name.
    case own(Permission.Resource, Permission.Access)
    /// For the resource that the subject of the path names.
    case subject(Permission.Resource, Permission.Access)
    /// For a resource found from the request.
    case found(@Sendable (Exchange) -> Permission)
    /// The action decides for each row of its answer, or once it has read the body.
    case inAction(Permission.Resource, Permission.Access)

    static let agentRead = own(.agent, .read)
    static let agentWrite = own(.agent, .write)
    static let nodeWrite = own(.node, .write)
    static let operatorRead = whole(.operator, .read)
    static let operatorWrite = whole(.operator, .write)
    static let keyringRead = whole(.keyring, .read)
    static let keyringWrite = whole(.keyring, .write)
    static let eventWrite = subject(.event, .write)

    /// For the service instance whose ID the subject is.
    static func service(_ access: Permission.Access) -> RouteAccess {
        .found { exchange in
            let service = exchange.agent.local.service(exchange.subject)?.service
            return Permission(.service, access, service?.service ?? exchange.subject)
        }
    }

    /// For the service of the check whose ID the subject is, else for this node.
    static func check(_ access: Permission.Access) -> RouteAccess {
        .found { exchange in
            let name = exchange.agent.local.check(exchange.subject)?.check.serviceName ?? ""
            return name.isEmpty
                ? Permission(.node, access, exchange.agent.local.nodeName)
                : Permission(.service, access, name)
        }
    }

    /// Returns the permission to judge before the action runs; nil when there is none.
    func permission(for exchange: Exchange) -> Permission? {
        switch self {
        case .endpoint, .open, .inAction: nil
        case .whole(let resource, let access): Permission(resource, access)
        case .own(let resource, let access):
            Permission(resource, access, exchange.agent.local.nodeName)
        case .subject(let resource, let access): Permission(resource, access, exchange.subject)
        case .found(let find): find(exchange)
        }
    }
}
