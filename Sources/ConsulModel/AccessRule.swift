/// One permission of Consul's ACL language: an access to a resource, by name where the resource
/// has names.
public struct Permission: Hashable, Sendable {
    public enum Resource: String, Sendable, CaseIterable {
        case acl, agent, event, intention, key, keyring, node, `operator`, query, service, session
    }

    public enum Access: String, Sendable, CaseIterable { case read, list, write }

    public var resource: Resource
    public var access: Access
    /// Empty for a resource without names (`acl`, `keyring`, `operator`).
    public var name: String

    public init(_ resource: Resource, _ access: Access, _ name: String = "") {
        self.resource = resource
        self.access = access
        self.name = name
    }
}

/// The permission that a call or a route needs. It is declared beside the name of the call or the
/// path of the route, and judged in one place: `CallRouter` for calls, `RouteAccess` for routes of
/// the agent.
public enum AccessRule: Hashable, Sendable {
    /// Everyone may call.
    case open
    /// Everyone may call; the answer leaves out the records that the token may not read.
    case filtered
    /// The access to the name that the request is about (`ClusterRequest.subject`, or the parameter
    /// of the route).
    case named(Permission.Resource, Permission.Access)
    /// The access to this node's name.
    case ofThisNode(Permission.Resource, Permission.Access)
    /// The access to a resource without names.
    case whole(Permission.Resource, Permission.Access)
    /// The handler judges, because the names stand in a body or in the state.
    case judgedByHandler
}

/// Decides whether a token allows a call or a route.
public protocol AccessJudge: Sendable {
    /// - Parameter subject: the name that the rule is about, where it is about one.
    /// - Returns: nil when the token allows it.
    func refusal(of rule: AccessRule, about subject: String, token: String) -> ConsulError?
}
