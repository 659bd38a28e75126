package import Primitives

/// What the endpoints are told of the agent's configuration.
package struct ServerConfiguration: Sendable {
    package var datacenter = "dc1"
    /// This server's address and port for other servers: `127.0.0.1:8300`.
    package var rpcAddress = ""
    /// How long a blocking query waits when it does not say, and at most.
    package var defaultQueryTime = GoDuration.seconds(300)
    package var maxQueryTime = GoDuration.seconds(600)
    /// The shortest TTL that a session may have.
    package var sessionTTLMin = Limits.sessionTTLMin
    /// What a session lives beyond its TTL; nil for as long again.
    package var sessionTTLGrace: GoDuration?
    package var waitersMax = Limits.waitersMax
    /// Where the chance in waits comes from.
    package var seed: UInt64 = 0
    /// Who this server is, for the others: the node's UUID.
    package var nodeID = "00000000-0000-0000-0000-000000000000"
    /// The node's name.
    package var nodeName = ""
    /// How long updates of coordinates are gathered before they are written.
    package var coordinateUpdatePeriod = GoDuration.seconds(5)
    /// Where the log is kept: `raft` in the data directory; nil for in memory.
    package var raftDirectory: String?
    /// Whether this server begins a group of its own where there is none.
    package var bootstraps = true
    /// Consul's `performance.raft_multiplier`.
    package var raftMultiplier: Int64 = 1
    /// `raft_snapshot_threshold`, `raft_snapshot_interval`, `raft_trailing_logs`.
    package var snapshotThreshold: UInt64 = 16_384
    package var snapshotInterval = GoDuration.seconds(30)
    package var trailingLogs: UInt64 = 10_240
    package init() {}
}
