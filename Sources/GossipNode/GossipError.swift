/// The reasons why a node of a pool does not start or refuses a request, one sentence each.
package enum GossipError: Error, Sendable, Hashable, CustomStringConvertible {
    case bind(String)
    case keyring(path: String, reason: String)
    case refused(String)
    case stopped

    package var description: String {
        switch self {
        case .bind(let reason): "Failed to create memberlist: \(reason)"
        case .keyring(let path, let reason): "keyring file \(path): \(reason)"
        case .refused(let reason): reason
        case .stopped: "the gossip of this node has ended"
        }
    }
}
