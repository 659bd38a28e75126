import ConsulConfig
import ConsulModel
import ConsulServer
import LocalAgent
import Platform
import Primitives

/// This node's identity: its ID, kept in the data directory, and its entry in the catalog.
enum NodeIdentity {
    static func id(_ config: RuntimeConfig, random: inout SeededRandom)
        throws(ConsulAgentError) -> String
    {
        if !config.node.id.isEmpty { return config.node.id.lowercased() }
        guard !config.node.dataDir.isEmpty else { return UUIDText.random(using: &random) }
        let path = "\(config.node.dataDir)/node-id"
        do throws(FileError) {
            if Files.exists(path) {
                let bytes = try Files.read(path, limit: 1024)
                let text = String(decoding: bytes, as: UTF8.self)
                    .split(whereSeparator: { $0.isWhitespace }).joined()
                guard UUIDText.isValid(text) else {
                    throw FileError(
                        "read", path, reason: "not a UUID; \(remedy(config.node.dataDir))")
                }
                return text.lowercased()
            }
            let id = UUIDText.random(using: &random)
            try AtomicFile.write(path, Array(id.utf8), mode: 0o600)
            return id
        } catch {
            throw .start("\(error)")
        }
    }

    /// Returns the remedy for an invalid ID. No group contains a new ID, so a server that was in a
    /// group needs its own ID again.
    private static func remedy(_ dataDir: String) -> String {
        let raft = "\(dataDir)/raft"
        guard Files.exists(raft) else { return "remove the file to get a new one" }
        let known = StoredGroup.servers(in: raft)
        if known.isEmpty { return "put this server's own ID back: its log in \(raft) needs it" }
        return "put this server's own ID back, as recorded in its log in \(raft): "
            + known.joined(separator: ", ")
    }

    static func node(_ config: RuntimeConfig, id: String) -> Node {
        var node = Node()
        node.id = id
        node.node = config.node.name
        node.address = config.listen.advertise
        node.datacenter = config.node.datacenter
        node.taggedAddresses = config.listen.taggedAddresses
        node.meta = config.node.meta
        node.meta["consul-network-segment"] = ""
        return node
    }

    static func member(_ config: RuntimeConfig, id: String) -> Member {
        var member = Member()
        member.name = config.node.name
        member.addr = config.listen.advertise
        member.port = config.ports.serfLAN
        member.tags = [
            "acls": "0", "build": Version.buildTag, "dc": config.node.datacenter, "id": id,
            "role": config.node.server ? "consul" : "node", "segment": "",
            "vsn": "\(Version.protocolDefault)", "vsn_min": "2",
            "vsn_max": "\(Version.protocolMax)",
        ]
        let timeout = config.gossip.advertisedReconnectTimeout
        if timeout > .zero { member.tags[PoolRules.reconnectTimeoutTag] = timeout.description }
        if config.node.server {
            member.tags["port"] = "\(config.ports.server)"
            member.tags["raft_vsn"] = "3"
            member.tags["ft_fs"] = "1"
            if config.node.bootstrap || config.node.bootstrapExpect == 1 {
                member.tags["bootstrap"] = "1"
            } else if config.node.bootstrapExpect > 1 {
                member.tags["expect"] = "\(config.node.bootstrapExpect)"
            }
            member.tags["wan_join_port"] = "\(config.ports.serfWAN)"
        }
        return member
    }
}
