/// Why a command was refused. The texts are Consul's: its callers see them.
package enum ConsulStateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A node of this name (in any case) stands already, under another ID, and is alive.
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
        }
    }
}
