internal import ConsulState
internal import Platform
internal import Primitives
internal import Raft
internal import RaftNode
package import Telemetry

/// The metrics of a server, with Consul's names.
package struct ServerMetrics: Sendable {
    let kvsApply: Timing
    let txnApply: Timing
    let txnRead: Timing
    let sessionApply: Timing
    let sessionRenew: Timing
    let sessionInvalidate: Timing
    let catalogRegister: Timing
    let catalogDeregister: Timing
    let raftApply: Counter
    let commitTime: Timing
    let fsmApply: Timing
    let verifyLeader: Counter
    let consistentRead: Timing
    let queries: Counter
    let calls: Counter
    let leaderBarrier: Timing
    let reconcileMember: Timing
    let heartbeatTimeout: Counter
    let becameLeader: Counter
    let becameFollower: Counter
    let becameCandidate: Counter
    /// By the slot of a `CommandKind`.
    let commands: [Timing]
    let registry: MetricRegistry

    package init(in registry: MetricRegistry = MetricRegistry()) {
        self.registry = registry
        func timing(_ name: String, _ what: String) -> Timing {
            registry.timing(name, help: "Milliseconds until \(what).")
        }
        kvsApply = timing("kvs.apply", "a write to the key/value store was done")
        txnApply = timing("txn.apply", "a transaction was done")
        txnRead = timing("txn.read", "a transaction that only reads was done")
        sessionApply = timing("session.apply", "a session was made or ended")
        sessionRenew = timing("session.renew", "a session was renewed")
        sessionInvalidate = timing(
            "session_ttl.invalidate", "a session whose time ran out was ended")
        catalogRegister = timing("catalog.register", "a registration in the catalog was done")
        catalogDeregister = timing("catalog.deregister", "a deregistration was done")
        raftApply = registry.counter("raft.apply", help: "Commands proposed to the log.")
        commitTime = timing("raft.commitTime", "a command was committed and carried out")
        fsmApply = timing("raft.fsm.apply", "a batch of commands was carried out")
        verifyLeader = registry.counter(
            "raft.verify_leader", help: "Times a quorum was asked who leads.")
        consistentRead = timing("rpc.consistentRead", "a quorum confirmed who leads, for a read")
        queries = registry.counter("rpc.query", help: "Reads, those that block counted once.")
        calls = registry.counter("client.rpc", help: "Calls of the agent to the servers.")
        leaderBarrier = timing(
            "leader.barrier", "a new leader had carried out all that was committed before")
        reconcileMember = timing(
            "leader.reconcileMember", "the leader had entered a member in the catalog")
        heartbeatTimeout = registry.counter(
            "raft.transition.heartbeat_timeout",
            help: "Times this server, a follower, heard of no leader and stood for election.")
        becameLeader = registry.counter(
            "raft.state.leader", help: "Times this server became the leader.")
        becameFollower = registry.counter(
            "raft.state.follower", help: "Times this server became a follower.")
        becameCandidate = registry.counter(
            "raft.state.candidate", help: "Times this server stood for election.")
        commands = CommandKind.all.map { name, operation in
            registry.timing(
                "fsm.\(name)", operation.map { [("op", $0)] } ?? [],
                help: "Milliseconds until the state machine carried out a command of this kind.")
        }
    }

    /// - Parameter last: nil at the start, when every server is a follower.
    func count(_ role: Role, after last: Role?) {
        if last == nil, role != .follower { becameFollower.increment() }
        if role == .candidate, last != .leader { heartbeatTimeout.increment() }
        switch role {
        case .leader: becameLeader.increment()
        case .follower: becameFollower.increment()
        case .candidate: becameCandidate.increment()
        }
    }

    func observe(_ backend: ServerBackend) {
        // The health of the other servers is not known.
        registry.gauge(
            "autopilot.healthy", help: "1 while the only server of the group leads and works."
        ) { [weak backend] in backend?.isAloneAndLeads == true ? 1 : nil }
        registry.gauge(
            "autopilot.failure_tolerance", help: "Servers that may fail before the group stops."
        ) { [weak backend] in backend?.isAloneAndLeads == true ? 0 : nil }
        registry.gauge("raft.applied_index", help: "The last entry that was carried out.") {
            [weak backend] in backend.map { Double($0.log.node.status.appliedIndex) }
        }
        registry.gauge("raft.last_index", help: "The last entry of the log.") { [weak backend] in
            backend.map { Double($0.log.node.status.lastIndex) }
        }
        registry.gauge("raft.commit_index", help: "The last entry that is committed.") {
            [weak backend] in backend.map { Double($0.log.node.status.commitIndex) }
        }
        registry.gauge("raft.leader.lastContact", help: "Milliseconds since the leader was heard.")
        {
            [weak backend] in
            guard let status = backend?.log.node.status, status.role == .follower else {
                return nil
            }
            return status.lastContact.map { (SystemClock.now() - $0).seconds * 1000 }
        }
        registry.gauge("session_ttl.active", help: "Sessions whose time is watched.") {
            [weak backend] in backend.map { Double($0.sessionTimers.count) }
        }
        registry.gauge("rpc.queries_blocking", help: "Blocking queries that wait.") {
            [weak backend] in backend.map { Double($0.hub.waiting) }
        }
    }
}

extension Timing {
    /// Records the time since `start`.
    func record(since start: Instant) { record(SystemClock.now() - start) }
}
