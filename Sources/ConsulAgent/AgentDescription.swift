import ConsulConfig
import ConsulModel
import ConsulServer
import GossipNode
import LocalAgent
import NIOCore
import Platform
import Primitives
import Serf
import Wire

/// Describes the agent for `/v1/agent/self` and `consul info`.
enum AgentDescription {
    /// Returns `Config` and `DebugConfig`.
    static func configuration(of agent: Agent) -> (JSONValue, JSONValue) {
        let config = agent.config
        let brief = JSONValue.object([
            "Datacenter": .string(config.node.datacenter), "NodeName": .string(config.node.name),
            "NodeID": .string(agent.nodeID), "Revision": .string(""),
            "Server": .bool(config.node.server), "Version": .string(Version.number),
        ])
        var debug: [String: JSONValue] = [:]
        for value in config.effective {
            debug[value.path] = (try? JSONReader.decode(from: Array(value.value.utf8))) ?? .null
        }
        // False means no profiles in Go's format, so that Consul's clients do not request them.
        debug["EnableDebug"] = .bool(false)
        return (brief, .object(debug))
    }

    /// Returns the statistics by section, as text: Consul's form.
    static func statistics(of agent: Agent) -> [String: [String: String]] {
        let checks = agent.local.checks.values
        var sections: [String: [String: String]] = [
            "agent": [
                "check_monitors": "\(checks.filter { $0.definition.ttl == .zero }.count)",
                "check_ttls": "\(checks.filter { $0.definition.ttl > .zero }.count)",
                "checks": "\(checks.count)", "services": "\(agent.local.services.count)",
                "watches": "\(agent.watches.statuses.count)",
            ],
            "build": ["prerelease": "", "revision": "", "version": Version.number],
            "runtime": [
                "arch": System.architecture, "cpu_count": "\(System.coreCount)", "os": "linux",
                "version": "swift",
            ],
        ]
        let config = agent.config
        var consul = [
            "acl": "disabled", "server": config.node.server ? "true" : "false",
            "known_datacenters": "1",
        ]
        if let server = agent.serverBackend {
            let raft = server.raftStatistics(now: SystemClock.now())
            consul["leader"] = raft["state"] == "Leader" ? "true" : "false"
            consul["leader_addr"] = server.leaderAddress
            consul["bootstrap"] = config.node.bootstrap ? "true" : "false"
            sections["raft"] = raft
        }
        sections["consul"] = consul
        sections["serf_lan"] = agent.membership.lan.map { serf($0.statistics) }
        sections["serf_wan"] = agent.membership.wan.map { serf($0.statistics) }
        return sections
    }
}

extension AgentDescription {
    /// Returns the figures of a pool under Serf's names.
    private static func serf(_ figures: SerfStatistics) -> [String: String] {
        [
            "coordinate_resets": "\(figures.coordinateResets)",
            "encrypted": "\(figures.isEncrypted)", "event_queue": "\(figures.eventQueue)",
            "event_time": "\(figures.eventTime)", "failed": "\(figures.failed)",
            "health_score": "\(figures.healthScore)", "intent_queue": "\(figures.intentQueue)",
            "left": "\(figures.left)", "member_time": "\(figures.memberTime)",
            "members": "\(figures.members)", "query_queue": "\(figures.queryQueue)",
            "query_time": "\(figures.queryTime)",
        ]
    }
}

/// The properties of this machine.
enum System {
    static let coreCount = NIOCore.System.coreCount
    static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
