package import Primitives
internal import Raft
internal import RaftNode

extension ServerBackend {
    /// `ip:port`; empty without a leader.
    package var leaderAddress: String { log.node.status.leader?.address ?? "" }

    /// The section `raft` of `consul info`, with Consul's names.
    package func raftStatistics(now: Instant) -> [String: String] {
        let status = log.node.status
        let servers = status.configuration.servers
        let list = servers.map { server in
            let suffrage =
                server.suffrage == .voter
                ? "Voter"
                : server.suffrage == .nonvoter
                    ? "Nonvoter" : "Staging"
            return "{Suffrage:\(suffrage) ID:\(server.id) Address:\(server.address)}"
        }
        let state: String
        let contact: String
        switch status.role {
        case .leader: (state, contact) = ("Leader", "0")
        case .candidate: (state, contact) = ("Candidate", "never")
        case .follower:
            (state, contact) = (
                "Follower", status.lastContact.map { "\(now - $0)" } ?? "never"
            )
        }
        let others = servers.filter { $0.suffrage == .voter && $0.id != configuration.nodeID }
        return [
            "applied_index": "\(status.appliedIndex)", "commit_index": "\(status.commitIndex)",
            "fsm_pending": "0", "last_contact": contact, "last_log_index": "\(status.lastIndex)",
            "last_log_term": "\(status.lastTerm)",
            "last_snapshot_index": "\(status.snapshotIndex)",
            "last_snapshot_term": "\(status.snapshotTerm)",
            "latest_configuration": "[\(list.joined(separator: " "))]",
            "latest_configuration_index": "\(status.configurationIndex)",
            "num_peers": "\(others.count)", "protocol_version": "3", "protocol_version_max": "3",
            "protocol_version_min": "0", "snapshot_version_max": "1", "snapshot_version_min": "0",
            "state": status.stopped == nil ? state : "Shutdown", "term": "\(status.term)",
        ]
    }
}
