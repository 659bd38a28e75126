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

/// The permission that a call needs. It is declared beside the name of the call, and judged in one
/// place: the router of a server. Routes that the agent answers itself declare theirs in the table
/// of routes.
public enum AccessRule: Hashable, Sendable {
    /// Everyone may call.
    case open
    /// Everyone may call; the answer leaves out the records that the token may not read.
    case filtered
    /// The access to the name that the request is about (`ClusterRequest.subject`).
    case named(Permission.Resource, Permission.Access)
    /// The access to a resource without names.
    case whole(Permission.Resource, Permission.Access)
    /// The handler judges, because the names stand in a body or in the state.
    case judgedByHandler

    /// The permission to judge before the handler runs; nil when there is none.
    public func permission(about subject: String) -> Permission? {
        switch self {
        case .open, .filtered, .judgedByHandler: nil
        case .named(let resource, let access): Permission(resource, access, subject)
        case .whole(let resource, let access): Permission(resource, access)
        }
    }
}

/// Decides whether a token has a permission.
public protocol AccessJudge: Sendable {
    /// - Returns: nil when the token has it.
    func refusal(of permission: Permission, token: String) -> ConsulError?
}
