/// One step of a transaction. An index is that of the subject's last write; 0 means that the
/// subject does not exist. Transactions have no steps about sessions: neither agent accepts them.
public enum TxnStep: Hashable, Sendable {
    case set(String, [UInt8], flags: UInt64 = 0, lives: KVCalls.Lifetime = .unlimited)
    /// Only while the key has not been written since.
    case setUnchanged(
        String, [UInt8], since: UInt64, flags: UInt64 = 0, lives: KVCalls.Lifetime = .unlimited)
    case lock(String, [UInt8], session: String)
    case unlock(String, [UInt8], session: String)
    case get(String)
    /// Every key that begins with the prefix.
    case getAll(String)
    case delete(String)
    case deleteUnchanged(String, since: UInt64)
    /// Every key that begins with the prefix.
    case deleteAll(String)
    /// Conditions: the transaction fails unless they hold.
    case checkIndex(String, is: UInt64)
    case checkSession(String, is: String)
    case checkNotExists(String)

    // For nodes without an agent: an agent replaces these records by its own.

    case getNode(String)
    case setNode(Node)
    /// Only while the node has not been written since.
    case setNodeUnchanged(Node, since: UInt64)
    /// Deletes its services and checks too.
    case deleteNode(String)
    case deleteNodeUnchanged(String, since: UInt64)

    /// The service's ID identifies it.
    case getService(String, node: String)
    /// On an existing node, or one that an earlier step set. An empty ID is the name.
    case setService(NodeService, node: String)
    case setServiceUnchanged(NodeService, node: String, since: UInt64)
    /// Deletes its checks too.
    case deleteService(String, node: String)
    case deleteServiceUnchanged(String, node: String, since: UInt64)

    /// The check's ID identifies it.
    case getCheck(String, node: String)
    /// On its existing node; for its service, where it names one.
    case setCheck(HealthCheck)
    case setCheckUnchanged(HealthCheck, since: UInt64)
    case deleteCheck(String, node: String)
    case deleteCheckUnchanged(String, node: String, since: UInt64)
}

extension ConsulClient {
    /// Applies all of the steps or none, in order; at most 64.
    ///
    ///     let response = try await client.transact([
    ///         .checkNotExists("jobs/7/owner"), .set("jobs/7/owner", Array("web1".utf8)),
    ///     ])
    ///     if let errors = response.errors { … }
    ///
    /// - Returns: the results, each a key, a node, a service or a check; or, when nothing was
    ///   applied, the errors, each with the index of its step.
    public func transact(_ steps: [TxnStep]) async throws(ConsulClientError) -> TxnResponse {
        let answer = try await send("PUT", "/v1/txn", body: Self.body(steps.map { $0.operation }))
        return try answer.status == 409 ? answer.decode() : answer.successful().decode()
    }
}

extension TxnStep {
    /// The body of `/v1/txn`.
    var operation: WantedOperation {
        if let key { return WantedOperation(key) }
        if let node { return WantedOperation(node: node) }
        if let service { return WantedOperation(service: service) }
        return WantedOperation(check: check)
    }

    private var key: KeyOperation? {
        switch self {
        case .set(let key, let value, let flags, let lifetime):
            KeyOperation("set", key, value: value, flags: flags).living(lifetime)
        case .setUnchanged(let key, let value, let index, let flags, let lifetime):
            KeyOperation("cas", key, value: value, flags: flags, index: index).living(lifetime)
        case .lock(let key, let value, let session):
            KeyOperation("lock", key, value: value, session: session)
        case .unlock(let key, let value, let session):
            KeyOperation("unlock", key, value: value, session: session)
        case .get(let key): KeyOperation("get", key)
        case .getAll(let key): KeyOperation("get-tree", key)
        case .delete(let key): KeyOperation("delete", key)
        case .deleteUnchanged(let key, let index): KeyOperation("delete-cas", key, index: index)
        case .deleteAll(let key): KeyOperation("delete-tree", key)
        case .checkIndex(let key, let index): KeyOperation("check-index", key, index: index)
        case .checkSession(let key, let session):
            KeyOperation("check-session", key, session: session)
        case .checkNotExists(let key): KeyOperation("check-not-exists", key)
        default: nil
        }
    }

    private var node: TxnNodeOperation? {
        func operation(_ verb: String, _ node: Node, since index: UInt64 = 0) -> TxnNodeOperation {
            var operation = TxnNodeOperation()
            operation.verb = verb
            operation.node = node
            operation.node.raftIndex = RaftIndex(create: 0, modify: index)
            return operation
        }
        func named(_ name: String) -> Node {
            var node = Node()
            node.node = name
            return node
        }
        switch self {
        case .getNode(let name): return operation("get", named(name))
        case .setNode(let node): return operation("set", node)
        case .setNodeUnchanged(let node, let index): return operation("cas", node, since: index)
        case .deleteNode(let name): return operation("delete", named(name))
        case .deleteNodeUnchanged(let name, let index):
            return operation("delete-cas", named(name), since: index)
        default: return nil
        }
    }

    private var service: TxnServiceOperation? {
        func operation(
            _ verb: String, _ service: NodeService, _ node: String, since index: UInt64 = 0
        ) -> TxnServiceOperation {
            var operation = TxnServiceOperation()
            operation.verb = verb
            operation.node = node
            operation.service = service
            operation.service.raftIndex = RaftIndex(create: 0, modify: index)
            return operation
        }
        func named(_ id: String) -> NodeService {
            var service = NodeService()
            service.id = id
            // A deletion uses the ID, but is refused without a name.
            service.service = id
            return service
        }
        switch self {
        case .getService(let id, let node): return operation("get", named(id), node)
        case .setService(let service, let node): return operation("set", service, node)
        case .setServiceUnchanged(let service, let node, let index):
            return operation("cas", service, node, since: index)
        case .deleteService(let id, let node): return operation("delete", named(id), node)
        case .deleteServiceUnchanged(let id, let node, let index):
            return operation("delete-cas", named(id), node, since: index)
        default: return nil
        }
    }

    private var check: TxnCheckOperation {
        func operation(
            _ verb: String, _ check: HealthCheck, since index: UInt64 = 0
        ) -> TxnCheckOperation {
            var operation = TxnCheckOperation()
            operation.verb = verb
            operation.check = check
            operation.check.raftIndex = RaftIndex(create: 0, modify: index)
            return operation
        }
        func named(_ id: String, _ node: String) -> HealthCheck {
            var check = HealthCheck()
            check.checkID = id
            check.node = node
            return check
        }
        switch self {
        case .getCheck(let id, let node): return operation("get", named(id, node))
        case .setCheck(let check): return operation("set", check)
        case .setCheckUnchanged(let check, let index):
            return operation("cas", check, since: index)
        case .deleteCheck(let id, let node): return operation("delete", named(id, node))
        case .deleteCheckUnchanged(let id, let node, let index):
            return operation("delete-cas", named(id, node), since: index)
        default: preconditionFailure("\(self) is about no check")
        }
    }
}
