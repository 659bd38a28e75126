/// The reason why a command was refused. The texts are Consul's, since callers see them.
package enum ConsulStateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A live node with another ID has this name (in any case).
    case nodeNameReserved(id: String, renamedAddress: String?, name: String, holder: NodeHolder)
    /// A service without an ID.
    case serviceWithoutID
    /// A check without an ID.
    case checkWithoutID(node: String)
    /// A check on a service that the node does not have.
    case checkWithoutService(node: String)
    /// A check that names another node than the registration around it.
    case checkOnOtherNode(checkNode: String, node: String)
    /// Metadata beyond the bounds or with characters that Consul does not allow.
    case badServiceMeta(node: String, serviceID: String, reason: String)

    /// A lock without a session.
    case missingSession
    /// A lock by a session that does not exist, or no longer exists.
    case invalidSession(String)
    /// A session ID that is no UUID.
    case badSessionID(String)
    case missingSessionID
    case badSessionBehavior(String)
    /// A session on a node that is not in the catalog.
    case missingNode
    /// A session that depends on a check that does not exist or is critical.
    case missingCheck(id: String)
    case criticalCheck(id: String, status: String)
    case unknownSessionOperation(String)

    /// A key whose lease is not possible: `reason` says why.
    case badLease(key: String, lease: String, reason: String)

    /// A verb of the key/value store that no version has.
    case unknownOperation(String)
    /// A chunk of a cut command that contradicts the chunks before it.
    case badChunk(reason: String)
    /// A command of a later version. To ignore it would be to diverge in silence.
    case unknownCommand(type: UInt8)
    /// A command whose body does not match its type.
    case malformedCommand(type: UInt8?, reason: String)
    /// A snapshot that is malformed or damaged. The offset is that of the record at fault.
    case badSnapshot(offset: Int, reason: String)

    /// True when the process must stop: the state could not follow that of the other servers.
    package var mustStop: Bool {
        switch self {
        case .unknownCommand, .malformedCommand, .badSnapshot: true
        default: false
        }
    }

    /// True when the request is impossible and Consul defines no text for the refusal.
    package var isBadRequest: Bool {
        if case .badLease = self { true } else { false }
    }

    /// The node that has the name.
    package struct NodeHolder: Hashable, Sendable {
        package var id: String
        package var node: String
        package var address: String
    }

    package var description: String {
        switch self {
        case .nodeNameReserved(let id, let address, let name, let holder):
            let whose = address.map { "\"\(id)\" (\($0))" } ?? "\"\(id)\""
            return "failed inserting node: Error while renaming Node ID: \(whose): "
                + "Node name \(name) is reserved by node \(holder.id) "
                + "with name \(holder.node) (\(holder.address))"
        case .serviceWithoutID:
            return "failed inserting service: failed inserting service: "
                + "object missing primary index"
        case .checkWithoutID(let node):
            return "failed inserting check: failed inserting check: "
                + "object missing primary index on node \"\(node)\""
        case .checkWithoutService(let node):
            return "failed inserting check: Missing service registration on node \"\(node)\""
        case .checkOnOtherNode(let checkNode, let node):
            return "check node \"\(checkNode)\" does not match node \"\(node)\""
        case .badServiceMeta(let node, let serviceID, let reason):
            return "failed inserting service: Invalid Service Meta for node \(node) "
                + "and serviceID \(serviceID): \(reason)"
        case .missingSession: return "missing session"
        case .invalidSession(let id): return "invalid session \"\(id)\""
        case .badSessionID(let reason): return "failed session lookup: index error: \(reason)"
        case .missingSessionID: return "Missing session ID"
        case .badSessionBehavior(let text): return "Invalid session behavior: \(text)"
        case .missingNode: return "Missing node registration"
        case .missingCheck(let id): return "Missing check '\(id)' registration"
        case .criticalCheck(let id, let status): return "Check '\(id)' is in \(status) state"
        case .unknownSessionOperation(let verb): return "Invalid session operation '\(verb)'"
        case .badLease(let key, let lease, let reason):
            return "key \"\(key)\" cannot have the lease \"\(lease)\": \(reason)"
        case .unknownOperation(let verb):
            return "Invalid KVS operation '\(verb)'"
        case .badChunk(let reason):
            return "a chunk of a command contradicts the others: \(reason)"
        case .unknownCommand(let type):
            return "the log holds a command of type \(type), which this version does not know: "
                + "the process must stop, since without it the state would differ from that of "
                + "the other servers"
        case .malformedCommand(let type, let reason):
            let which = type.map { "of type \($0) " } ?? ""
            return "the log holds a command \(which)that cannot be read: \(reason)"
        case .badSnapshot(let offset, let reason):
            return "the snapshot cannot be restored: at byte \(offset): \(reason)"
        }
    }
}
