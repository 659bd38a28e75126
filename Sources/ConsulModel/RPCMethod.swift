/// The calls between the parts of a cluster, with Consul's RPC names. The raw value is the index
/// of the call's handler in the table of a server.
public enum RPCMethod: UInt8, CaseIterable, Hashable, Sendable {
    case kvsApply, kvsGet, kvsList, kvsListKeys, kvsSummary
    case catalogRegister, catalogDeregister, catalogListNodes, catalogListServices,
        catalogServiceNodes, catalogNodeServices, catalogNodeServiceList, catalogListDatacenters
    case statusPeers, statusLeader
    case healthServiceNodes, healthServiceChecks, healthNodeChecks, healthChecksInState
    case coordinateListNodes, coordinateNode, coordinateListDatacenters, coordinateUpdate
    case operatorRaftGetConfiguration, operatorRaftRemovePeerByAddress,
        operatorRaftRemovePeerByID
    case sessionApply, sessionGet, sessionList, sessionNodeSessions, sessionRenew, sessionLocks
    case snapshotSave, snapshotRestore
    case txnApply, txnRead

    /// The name on the wire, in logs and in metrics.
    public var name: String {
        switch self {
        case .kvsApply: "KVS.Apply"
        case .kvsGet: "KVS.Get"
        case .kvsList: "KVS.List"
        case .kvsListKeys: "KVS.ListKeys"
        case .catalogRegister: "Catalog.Register"
        case .catalogDeregister: "Catalog.Deregister"
        case .catalogListNodes: "Catalog.ListNodes"
        case .catalogListServices: "Catalog.ListServices"
        case .catalogServiceNodes: "Catalog.ServiceNodes"
        case .catalogNodeServices: "Catalog.NodeServices"
        case .catalogNodeServiceList: "Catalog.NodeServiceList"
        case .catalogListDatacenters: "Catalog.ListDatacenters"
        case .statusPeers: "Status.Peers"
        case .statusLeader: "Status.Leader"
        case .healthServiceNodes: "Health.ServiceNodes"
        case .healthServiceChecks: "Health.ServiceChecks"
        case .healthNodeChecks: "Health.NodeChecks"
        case .healthChecksInState: "Health.ChecksInState"
        case .coordinateListNodes: "Coordinate.ListNodes"
        case .coordinateNode: "Coordinate.Node"
        case .coordinateListDatacenters: "Coordinate.ListDatacenters"
        case .coordinateUpdate: "Coordinate.Update"
        case .operatorRaftGetConfiguration: "Operator.RaftGetConfiguration"
        case .operatorRaftRemovePeerByAddress: "Operator.RaftRemovePeerByAddress"
        case .operatorRaftRemovePeerByID: "Operator.RaftRemovePeerByID"
        case .kvsSummary: "KVS.Summary"
        case .sessionApply: "Session.Apply"
        case .sessionGet: "Session.Get"
        case .sessionList: "Session.List"
        case .sessionNodeSessions: "Session.NodeSessions"
        case .sessionRenew: "Session.Renew"
        case .sessionLocks: "Session.Locks"
        case .snapshotSave: "Snapshot.Save"
        case .snapshotRestore: "Snapshot.Restore"
        case .txnApply: "Txn.Apply"
        case .txnRead: "Txn.Read"
        }
    }
}
