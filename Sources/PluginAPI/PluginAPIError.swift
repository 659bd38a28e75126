/// Errors of plugins and of requests to them.
public enum PluginAPIError: Error, Hashable, Sendable, CustomStringConvertible {
    case duplicateKind(String, first: String, second: String)
    case noCheckType
    case noGRPC
    case unknownCheckType(String)
    case severalCheckTypes([String])
    case refused(String)

    public var description: String {
        switch self {
        case .duplicateKind(let name, let first, let second):
            "plugins \(first) and \(second) both provide \(name): remove one"
        case .noCheckType:
            "Check must be one of script, HTTP, TCP, UDP, TTL, alias, Docker, os_service, "
                + "or of a type that a plugin provides"
        case .noGRPC: "gRPC checks are not supported yet: use a tcp check, or a plugin"
        case .unknownCheckType(let type): "no plugin provides checks of type \"\(type)\""
        case .severalCheckTypes(let kinds):
            "Check must be of one type, this is \(kinds.joined(separator: " and "))"
        case .refused(let reason): reason
        }
    }
}
