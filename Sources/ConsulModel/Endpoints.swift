// Every call, with the permission that it needs: one line for each.

extension Endpoint where Request == KVSRequest, Response == Bool {
    /// Replies true when the write was done, false when a cas or lock did not apply.
    public static var kvsApply: Self { .init(.kvsApply, .write, .named(.key, .write)) }
}

extension Endpoint where Request == KeyRequest, Response == IndexedDirEntries {
    /// The entry of one key, or none.
    public static var kvsGet: Self { .init(.kvsGet, .read, .named(.key, .read)) }
    /// All entries under a prefix, in byte order of their keys.
    public static var kvsList: Self { .init(.kvsList, .read, .filtered) }
}

extension Endpoint where Request == KeyListRequest, Response == IndexedKeyList {
    public static var kvsListKeys: Self { .init(.kvsListKeys, .read, .filtered) }
}

extension Endpoint where Request == KeyRequest, Response == IndexedKVSummary {
    /// Not in HashiCorp Consul.
    public static var kvsSummary: Self { .init(.kvsSummary, .read, .filtered) }
}

extension Endpoint where Request == TxnRequest, Response == TxnResponse {
    public static var txnApply: Self { .init(.txnApply, .write, .judgedByHandler) }
}

extension Endpoint where Request == TxnReadRequest, Response == TxnReadResponse {
    public static var txnRead: Self { .init(.txnRead, .read, .judgedByHandler) }
}

extension Endpoint where Request == SessionRequest, Response == String {
    /// Replies with the ID of the session that was created or destroyed.
    public static var sessionApply: Self { .init(.sessionApply, .write, .judgedByHandler) }
}

extension Endpoint where Request == SessionSpecificRequest, Response == IndexedSessions {
    /// The session of an ID, or none.
    public static var sessionGet: Self { .init(.sessionGet, .read, .filtered) }
    /// Restarts the TTL; replies with the session, or none where it has ended.
    public static var sessionRenew: Self { .init(.sessionRenew, .write, .judgedByHandler) }
}

extension Endpoint where Request == DCSpecificRequest, Response == IndexedSessions {
    public static var sessionList: Self { .init(.sessionList, .read, .filtered) }
}

extension Endpoint where Request == NodeSpecificRequest, Response == IndexedSessions {
    /// The sessions of a node.
    public static var sessionNodeSessions: Self { .init(.sessionNodeSessions, .read, .filtered) }
}

extension Endpoint where Request == SessionSpecificRequest, Response == IndexedSessionsWithLocks {
    /// The sessions with the keys that they hold; blocks on the sessions alone. Not in HashiCorp
    /// Consul.
    public static var sessionLocks: Self { .init(.sessionLocks, .read, .filtered) }
}

extension Endpoint where Request == RegisterRequest, Response == EmptyReply {
    public static var catalogRegister: Self { .init(.catalogRegister, .write, .judgedByHandler) }
}

extension Endpoint where Request == DeregisterRequest, Response == EmptyReply {
    public static var catalogDeregister: Self {
        .init(.catalogDeregister, .write, .judgedByHandler)
    }
}

extension Endpoint where Request == DCSpecificRequest, Response == IndexedNodes {
    public static var catalogListNodes: Self { .init(.catalogListNodes, .read, .filtered) }
}

extension Endpoint where Request == DCSpecificRequest, Response == IndexedServices {
    public static var catalogListServices: Self { .init(.catalogListServices, .read, .filtered) }
}

extension Endpoint where Request == ServiceSpecificRequest, Response == IndexedServiceNodes {
    public static var catalogServiceNodes: Self { .init(.catalogServiceNodes, .read, .filtered) }
}

extension Endpoint where Request == NodeSpecificRequest, Response == IndexedNodeServices {
    public static var catalogNodeServices: Self { .init(.catalogNodeServices, .read, .filtered) }
}

extension Endpoint where Request == NodeSpecificRequest, Response == IndexedNodeServiceList {
    public static var catalogNodeServiceList: Self {
        .init(.catalogNodeServiceList, .read, .filtered)
    }
}

extension Endpoint where Request == DatacentersRequest, Response == [String] {
    public static var catalogListDatacenters: Self {
        .init(.catalogListDatacenters, .local, .open)
    }
}

extension Endpoint where Request == ServiceSpecificRequest, Response == IndexedCheckServiceNodes {
    public static var healthServiceNodes: Self { .init(.healthServiceNodes, .read, .filtered) }
}

extension Endpoint where Request == ServiceSpecificRequest, Response == IndexedHealthChecks {
    public static var healthServiceChecks: Self { .init(.healthServiceChecks, .read, .filtered) }
}

extension Endpoint where Request == NodeSpecificRequest, Response == IndexedHealthChecks {
    public static var healthNodeChecks: Self { .init(.healthNodeChecks, .read, .filtered) }
}

extension Endpoint where Request == ChecksInStateRequest, Response == IndexedHealthChecks {
    public static var healthChecksInState: Self { .init(.healthChecksInState, .read, .filtered) }
}

extension Endpoint where Request == DCSpecificRequest, Response == IndexedCoordinates {
    public static var coordinateListNodes: Self { .init(.coordinateListNodes, .read, .filtered) }
}

extension Endpoint where Request == NodeSpecificRequest, Response == IndexedCoordinates {
    /// The coordinates of one node; empty where none is known.
    public static var coordinateNode: Self {
        .init(.coordinateNode, .read, .named(.node, .read))
    }
}

extension Endpoint where Request == DatacentersRequest, Response == [DatacenterCoordinates] {
    public static var coordinateListDatacenters: Self {
        .init(.coordinateListDatacenters, .local, .open)
    }
}

extension Endpoint where Request == CoordinateUpdateRequest, Response == EmptyReply {
    /// Replied to when the leader has the update, which reaches the state some seconds later.
    public static var coordinateUpdate: Self {
        .init(.coordinateUpdate, .write, .named(.node, .write))
    }
}

extension Endpoint where Request == DCSpecificRequest, Response == String {
    public static var statusLeader: Self { .init(.statusLeader, .local, .open) }
}

extension Endpoint where Request == DCSpecificRequest, Response == [String] {
    public static var statusPeers: Self { .init(.statusPeers, .local, .open) }
}

extension Endpoint where Request == DCSpecificRequest, Response == RaftConfiguration {
    public static var operatorRaftConfiguration: Self {
        .init(.operatorRaftGetConfiguration, .local, .whole(.operator, .read))
    }
}

extension Endpoint where Request == RaftRemovePeerRequest, Response == EmptyReply {
    public static var operatorRaftRemovePeerByAddress: Self {
        .init(.operatorRaftRemovePeerByAddress, .write, .whole(.operator, .write))
    }
    public static var operatorRaftRemovePeerByID: Self {
        .init(.operatorRaftRemovePeerByID, .write, .whole(.operator, .write))
    }
}

extension Endpoint where Request == SnapshotSaveRequest, Response == SnapshotArchive {
    public static var snapshotSave: Self { .init(.snapshotSave, .read, .whole(.acl, .write)) }
}

extension Endpoint where Request == SnapshotRestoreRequest, Response == Bool {
    public static var snapshotRestore: Self {
        .init(.snapshotRestore, .write, .whole(.acl, .write))
    }
}
