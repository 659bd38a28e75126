import ConsulConfig
import ConsulModel
import GossipNode
import LocalAgent
import Logging
import Memberlist
import Platform
import Primitives
import Serf
import Telemetry

/// Makes the agent's pools out of its configuration.
struct GossipPools {
    let config: RuntimeConfig
    let nodeID: String
    let logger: Logger
    let registry: MetricRegistry
    var random: SeededRandom

    /// The settings that differ between the pools.
    private struct Pool {
        var settings: PoolSettings
        var bind: String
        var advertise: String
        var port: Int
        var keyringFile: String
        var snapshotFile: String
        var base: MemberlistOptions
        var allowed: [String]
    }

    private var lanPool: Pool {
        Pool(
            settings: config.gossip.lan, bind: config.listen.serfLAN,
            advertise: config.listen.advertise, port: config.ports.serfLAN,
            keyringFile: "local.keyring", snapshotFile: "local.snapshot", base: .lan,
            allowed: config.addresses.serfLANAllowed)
    }

    private var wanPool: Pool {
        Pool(
            settings: config.gossip.wan, bind: config.listen.serfWAN,
            advertise: config.listen.advertiseWAN, port: config.ports.serfWAN,
            keyringFile: "remote.keyring", snapshotFile: "remote.snapshot", base: .wan,
            allowed: config.addresses.serfWANAllowed)
    }

    /// Returns the datacenter's pool; nil when its port is disabled.
    mutating func lan() throws(ConsulAgentError) -> GossipSetup? {
        let pool = lanPool
        guard pool.port > 0 else { return nil }
        var options = options(pool)
        options.endsOnNameConflict = !config.node.server
        options.sendsCoordinates = !config.node.disableCoordinates
        let rules = PoolRules(
            datacenter: config.node.datacenter, nodeID: nodeID, nodeName: config.node.name)
        options.refusal = { rules.lanRefusal(of: $0) }
        options.mergeRefusal = { rules.lanRefusal(ofMerge: $0) }
        var setup = try setup(pool, name: config.node.name, options)
        setup.tags = NodeIdentity.member(config, id: nodeID).tags
        setup.metrics = GossipMetrics(in: registry)
        return setup
    }

    /// Returns the pool between datacenters; nil for a client, and when its port is disabled.
    mutating func wan() throws(ConsulAgentError) -> GossipSetup? {
        let pool = wanPool
        guard config.node.server, pool.port > 0 else { return nil }
        var options = options(pool)
        options.endsOnNameConflict = false
        options.sendsCoordinates = !config.node.disableCoordinates
        options.refusal = { PoolRules.wanRefusal(of: $0) }
        var setup = try setup(
            pool, name: "\(config.node.name).\(config.node.datacenter)", options)
        setup.tags = NodeIdentity.member(config, id: nodeID).tags
        setup.tags["wan_join_port"] = nil
        return setup
    }

    private func options(_ pool: Pool) -> SerfOptions {
        var timing = pool.base
        timing.gossipInterval = pool.settings.gossipInterval
        timing.gossipNodes = pool.settings.gossipNodes
        timing.probeInterval = pool.settings.probeInterval
        timing.probeTimeout = pool.settings.probeTimeout
        timing.retransmitMultiplier = pool.settings.retransmitMult
        timing.suspicionMultiplier = pool.settings.suspicionMult
        var options = SerfOptions(memberlist: timing)
        options.reconnectTimeout = pool.settings.reconnectTimeout
        let clients = config.gossip.reconnectTimeoutOfClients
        options.reconnectTimeoutOfMember = { PoolRules.reconnectTimeout(of: $0, clients: clients) }
        options.rejoinsAfterLeave = config.gossip.rejoinsAfterLeave
        options.matches = { pattern, text in
            (try? TextPattern(pattern))?.matches(text) == true
        }
        return options
    }

    private mutating func setup(
        _ pool: Pool, name: String, _ options: SerfOptions
    ) throws(ConsulAgentError) -> GossipSetup {
        guard let bind = IPAddress(pool.bind), let advertise = IPAddress(pool.advertise),
            let port = UInt16(exactly: pool.port)
        else {
            throw .start("Failed to create memberlist: no address to bind or to advertise")
        }
        var setup = GossipSetup(
            name: name, bind: TransportAddress(bind, port: port),
            advertise: TransportAddress(advertise, port: port), tags: [:], options: options,
            seed: random.next(), logger: logger)
        setup.allowed = pool.allowed.compactMap { CIDRBlock($0) }
        setup.codec.verifiesIncoming = config.gossip.verifiesIncoming
        setup.codec.verifiesOutgoing = config.gossip.verifiesOutgoing
        try setUpKeys(&setup, pool)
        if let folder = serfFolder, !(config.node.server && config.devMode) {
            setup.snapshotPath = "\(folder)/\(pool.snapshotFile)"
        }
        return setup
    }

    /// The folder of keyrings and snapshots; nil for an agent without a data directory.
    private var serfFolder: String? {
        config.node.dataDir.isEmpty ? nil : "\(config.node.dataDir)/serf"
    }

    /// Sets the keyring: `encrypt` begins the file, and afterwards the file wins, since keys may
    /// have been rotated.
    private func setUpKeys(_ setup: inout GossipSetup, _ pool: Pool) throws(ConsulAgentError) {
        let key = config.gossip.encrypt.isEmpty ? nil : Base64.decode(config.gossip.encrypt)
        let initial = key.flatMap { Keyring(keys: [$0], primary: $0) }
        guard let folder = serfFolder, !config.gossip.disablesKeyringFile else {
            if let initial { setup.codec.keyring = initial }
            return
        }
        let path = "\(folder)/\(pool.keyringFile)"
        do {
            try Files.makeDirectory(folder, mode: 0o755)
            if let initial, !Files.exists(path) { try KeyringFile.write(initial, to: path) }
            guard let stored = try KeyringFile.read(path) else { return }
            setup.keyringPath = path
            setup.codec.keyring = stored
            if let key, !stored.keys.contains(key) {
                logger.warning(
                    "keyring doesn't include key provided with -encrypt, using keyring",
                    metadata: ["keyring": "\(path)"])
            }
        } catch {
            throw .start("\(error)")
        }
    }
}
