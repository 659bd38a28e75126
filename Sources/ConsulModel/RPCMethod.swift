/// The calls between the parts of a cluster, by their names on the wire, in logs and in metrics:
/// Consul's, where it has the call.
public enum RPCMethod: String, CaseIterable, Hashable, Sendable {
    case kvsApply = "KVS.Apply"
    case kvsGet = "KVS.Get"
    case kvsList = "KVS.List"
    case kvsListKeys = "KVS.ListKeys"
    case kvsSummary = "KVS.Summary"
    case catalogRegister = "Catalog.Register"
    case catalogDeregister = "Catalog.Deregister"
    case catalogListNodes = "Catalog.ListNodes"
    case catalogListServices = "Catalog.ListServices"
    case catalogServiceNodes = "Catalog.ServiceNodes"
    case catalogNodeServices = "Catalog.NodeServices"
    case catalogNodeServiceList = "Catalog.NodeServiceList"
    case catalogListDatacenters = "Catalog.ListDatacenters"
    case statusPeers = "Status.Peers"
    case statusLeader = "Status.Leader"
    case healthServiceNodes = "Health.ServiceNodes"
    case healthServiceChecks = "Health.ServiceChecks"
    case healthNodeChecks = "Health.NodeChecks"
    case healthChecksInState = "Health.ChecksInState"
    case coordinateListNodes = "Coordinate.ListNodes"
    case coordinateNode = "Coordinate.Node"
    case coordinateListDatacenters = "Coordinate.ListDatacenters"
    case coordinateUpdate = "Coordinate.Update"
    case operatorRaftGetConfiguration = "Operator.RaftGetConfiguration"
    case operatorRaftRemovePeerByAddress = "Operator.RaftRemovePeerByAddress"
    case operatorRaftRemovePeerByID = "Operator.RaftRemovePeerByID"
    case sessionApply = "Session.Apply"
    case sessionGet = "Session.Get"
    case sessionList = "Session.List"
    case sessionNodeSessions = "Session.NodeSessions"
    case sessionRenew = "Session.Renew"
    case sessionLocks = "Session.Locks"
    case snapshotSave = "Snapshot.Save"
    case snapshotRestore = "Snapshot.Restore"
    case txnApply = "Txn.Apply"
    case txnRead = "Txn.Read"

    public var name: String { rawValue }

    /// The position among all cases, the index of the call's handler in a server's table. Cases
    /// without a payload are numbered in memory in the order of their declaration, which a test
    /// checks: every request needs the index, and a search by name would cost more than the rest of
    /// the lookup.
    @inlinable public var slot: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}
