package import Primitives

/// The settings of one gossip pool. The defaults are Consul's.
package struct PoolSettings: Sendable, Hashable {
    package var gossipInterval: GoDuration
    package var gossipNodes: Int
    package var probeInterval: GoDuration
    package var probeTimeout: GoDuration
    package var retransmitMult = 4
    package var suspicionMult: Int
    /// The time after which a failed member is forgotten.
    package var reconnectTimeout = GoDuration.hours(72)
    /// Addresses that are joined at the start; one failure ends the start.
    package var startJoin: [String] = []
    /// Addresses that are joined at the start, again and again until one answers.
    package var retryJoin: [String] = []
    package var retryInterval = GoDuration.seconds(30)
    /// Attempts; 0 never ends. The agent exits after the last one.
    package var retryMax = 0

    static let lan = PoolSettings(
        gossipInterval: .milliseconds(200), gossipNodes: 3, probeInterval: .seconds(1),
        probeTimeout: .milliseconds(500), suspicionMult: 4)
    static let wan = PoolSettings(
        gossipInterval: .milliseconds(500), gossipNodes: 3, probeInterval: .seconds(5),
        probeTimeout: .seconds(3), suspicionMult: 6)
}

/// The settings of gossip that both pools share.
package struct GossipSettings: Sendable {
    package var lan = PoolSettings.lan
    package var wan = PoolSettings.wan
    /// The key in base64; empty for gossip without encryption.
    package var encrypt = ""
    package var verifiesIncoming = true
    package var verifiesOutgoing = true
    package var disablesKeyringFile = false
    package var rejoinsAfterLeave = false
    /// Overrides `reconnectTimeout` of both pools for client agents; zero for none.
    package var reconnectTimeoutOfClients = GoDuration.zero
    /// The time that this agent asks the others to use for itself; zero for theirs.
    package var advertisedReconnectTimeout = GoDuration.zero

    static let settings: [Setting] = joining + keys + reaping + lanTiming + wanTiming

    private static let joining: [Setting] = [
        Setting(
            "start_join", \.gossip.lan.startJoin,
            "Address of an agent to join at start time. Can be specified multiple times.",
            flag: "join"),
        Setting(
            "start_join_wan", \.gossip.wan.startJoin,
            "Address of an agent to join -wan at start time. Can be specified multiple times.",
            flag: "join-wan"),
        Setting(
            "retry_join", \.gossip.lan.retryJoin,
            "Address of an agent to join at start time with retries enabled. Can be specified "
                + "multiple times.",
            flag: "retry-join"),
        Setting(
            "retry_join_wan", \.gossip.wan.retryJoin,
            "Address of an agent to join -wan at start time with retries enabled. Can be "
                + "specified multiple times.",
            flag: "retry-join-wan"),
        Setting(
            "retry_interval", \.gossip.lan.retryInterval, "Time to wait between join attempts.",
            flag: "retry-interval"),
        Setting(
            "retry_interval_wan", \.gossip.wan.retryInterval,
            "Time to wait between join -wan attempts.", flag: "retry-interval-wan"),
        Setting(
            "retry_max", \.gossip.lan.retryMax,
            "Maximum number of join attempts. Defaults to 0, which will retry indefinitely.",
            flag: "retry-max"),
        Setting(
            "retry_max_wan", \.gossip.wan.retryMax,
            "Maximum number of join -wan attempts. Defaults to 0, which will retry indefinitely.",
            flag: "retry-max-wan"),
        Setting(
            "rejoin_after_leave", \.gossip.rejoinsAfterLeave,
            "Ignores a previous leave and attempts to rejoin the cluster.", flag: "rejoin"),
    ]

    private static let keys: [Setting] = [
        Setting(
            "encrypt", \.gossip.encrypt, "Provides the gossip encryption key.", flag: "encrypt",
            secret: true),
        Setting(
            "encrypt_verify_incoming", \.gossip.verifiesIncoming,
            "Rejects gossip without encryption; false during the roll-out of a key."),
        Setting(
            "encrypt_verify_outgoing", \.gossip.verifiesOutgoing,
            "Encrypts outgoing gossip; false during the roll-out of a key."),
        Setting(
            "disable_keyring_file", \.gossip.disablesKeyringFile,
            "Disables the backing up of the keyring to a file.",
            flag: "disable-keyring-file", dev: true),
    ]

    private static let reaping: [Setting] = [
        Setting(
            "reconnect_timeout", \.gossip.lan.reconnectTimeout,
            "The time after which a failed member is forgotten.", check: positive),
        Setting(
            "reconnect_timeout_wan", \.gossip.wan.reconnectTimeout,
            "The time after which a failed member of the WAN is forgotten.", check: positive),
        Setting(
            "reconnect_timeout_clients", \.gossip.reconnectTimeoutOfClients,
            "The same for client agents; 0 is reconnect_timeout."),
        Setting(
            "advertise_reconnect_timeout", \.gossip.advertisedReconnectTimeout,
            "The time after which the others forget this agent once it has failed; 0 is theirs."),
    ]

    private static let lanTiming: [Setting] = [
        Setting(
            "gossip_lan.gossip_interval", \.gossip.lan.gossipInterval,
            "Between rounds of gossip.", dev: .milliseconds(100), check: positive),
        Setting(
            "gossip_lan.gossip_nodes", \.gossip.lan.gossipNodes, "Members gossiped to per round.",
            check: SettingChecks.positive),
        Setting(
            "gossip_lan.probe_interval", \.gossip.lan.probeInterval, "Between probes of members.",
            dev: .milliseconds(100), check: positive),
        Setting(
            "gossip_lan.probe_timeout", \.gossip.lan.probeTimeout,
            "The wait for an answer to a probe, before other members are asked to probe.",
            dev: .milliseconds(100), check: positive),
        Setting(
            "gossip_lan.retransmit_mult", \.gossip.lan.retransmitMult,
            "Factor of the number of times that a message is passed on.",
            check: SettingChecks.positive),
        Setting(
            "gossip_lan.suspicion_mult", \.gossip.lan.suspicionMult,
            "Factor of the time for which a member is only suspected.", dev: 3,
            check: SettingChecks.positive),
    ]

    private static let wanTiming: [Setting] = [
        Setting(
            "gossip_wan.gossip_interval", \.gossip.wan.gossipInterval,
            "Between rounds of gossip.", dev: .milliseconds(100), check: positive),
        Setting(
            "gossip_wan.gossip_nodes", \.gossip.wan.gossipNodes, "Members gossiped to per round.",
            check: SettingChecks.positive),
        Setting(
            "gossip_wan.probe_interval", \.gossip.wan.probeInterval, "Between probes of members.",
            dev: .milliseconds(100), check: positive),
        Setting(
            "gossip_wan.probe_timeout", \.gossip.wan.probeTimeout,
            "The wait for an answer to a probe, before other members are asked to probe.",
            dev: .milliseconds(100), check: positive),
        Setting(
            "gossip_wan.retransmit_mult", \.gossip.wan.retransmitMult,
            "Factor of the number of times that a message is passed on.",
            check: SettingChecks.positive),
        Setting(
            "gossip_wan.suspicion_mult", \.gossip.wan.suspicionMult,
            "Factor of the time for which a member is only suspected.", dev: 3,
            check: SettingChecks.positive),
    ]

    @Sendable private static func positive(_ value: GoDuration) -> String? {
        value > .zero ? nil : "\(value) must be more than 0"
    }
}
