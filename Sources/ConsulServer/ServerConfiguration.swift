package import Primitives

/// The part of the agent's configuration that the handlers use.
package struct ServerConfiguration: Sendable {
    package var datacenter = "dc1"
    /// This server's address and port for other servers: `127.0.0.1:8300`.
    package var rpcAddress = ""
    /// The default and the longest wait of a blocking query.
    package var defaultQueryTime = GoDuration.seconds(300)
    package var maxQueryTime = GoDuration.seconds(600)
    /// The shortest TTL of a session.
    package var sessionTTLMin = Limits.sessionTTLMin
    /// The time that a session lives beyond its TTL; nil for the TTL again.
    package var sessionTTLGrace: GoDuration?
    package var waitersMax = Limits.waitersMax
    /// The seed of the random parts of waits.
    package var seed: UInt64 = 0
    /// The identity of this server among the others: the node's UUID.
    package var nodeID = "00000000-0000-0000-0000-000000000000"
    /// The node's name.
    package var nodeName = ""
    /// The period for which updates of coordinates are gathered before they are written.
    package var coordinateUpdatePeriod = GoDuration.seconds(5)
    /// The folder of the log: `raft` in the data directory; nil for a log in memory.
    package var raftDirectory: String?
    /// Whether this server bootstraps a group where none exists.
    package var bootstraps = true
    /// Consul's `performance.raft_multiplier`.
    package var raftMultiplier: Int64 = 1
    /// `raft_snapshot_threshold`, `raft_snapshot_interval`, `raft_trailing_logs`.
    package var snapshotThreshold: UInt64 = 16_384
    package var snapshotInterval = GoDuration.seconds(30)
    package var trailingLogs: UInt64 = 10_240
    package init() {}
}
