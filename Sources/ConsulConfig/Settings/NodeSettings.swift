/// The identity of this agent, and the way it joins and leaves.
package struct NodeSettings: Sendable {
    /// The host's name by default; never empty in a finished configuration.
    package var name = ""
    package var id = ""
    package var disableHostNodeID = true
    package var meta: [String: String] = [:]
    /// Lower case in a finished configuration.
    package var datacenter = "dc1"
    /// `datacenter` by default.
    package var primaryDatacenter = ""
    package var server = false
    package var bootstrap = false
    package var bootstrapExpect = 0
    package var dataDir = ""
    package var pidFile = ""
    package var pluginDir = ""
    package var leaveOnTerminateGiven: Bool?
    package var skipLeaveOnInterruptGiven: Bool?
    package var disableRemoteExec = true
    package var disableUpdateCheck = false
    package var disableAnonymousSignature = true
    package var disableCoordinates = false
    package var translateWANAddresses = false
    package var enableDebug = false
    package var strictConfig = false
    init() {}

    /// Whether SIGTERM makes the agent leave; true for clients by default.
    package var leaveOnTerminate: Bool { leaveOnTerminateGiven ?? !server }
    /// Whether SIGINT ends the agent without leaving; true for servers by default.
    package var skipLeaveOnInterrupt: Bool { skipLeaveOnInterruptGiven ?? server }

    static let settings: [Setting] = identity + mode + leaving

    private static let identity: [Setting] = [
        Setting(
            "node_name", \.node.name, "Name of this node. Must be unique in the cluster.",
            flag: "node"),
        Setting(
            "node_id", \.node.id,
            "A unique ID for this node across space and time. Defaults to a randomly-generated ID "
                + "that persists in the data-dir.",
            flag: "node-id", check: NodeChecks.id),
        Setting(
            "disable_host_node_id", \.node.disableHostNodeID,
            "Make a random node ID instead of deriving one from the host.",
            flag: "disable-host-node-id", isActedOn: false),
        Setting(
            "node_meta", \.node.meta,
            "An arbitrary metadata key/value pair for this node, of the format `key:value`. "
                + "Can be specified multiple times.",
            flag: "node-meta", reloads: true, check: NodeChecks.meta),
        Setting(
            "datacenter", \.node.datacenter, "Datacenter of the agent.", flag: "datacenter",
            check: NodeChecks.datacenter),
        Setting(
            "primary_datacenter", \.node.primaryDatacenter,
            "The datacenter that holds the authority for ACLs and intentions.",
            check: NodeChecks.optionalDatacenter),
    ]

    private static let mode: [Setting] = [
        Setting(
            "server", \.node.server, "Switches agent to server mode.", flag: "server", dev: true),
        Setting(
            "bootstrap", \.node.bootstrap, "Sets server to bootstrap mode.", flag: "bootstrap"),
        Setting(
            "bootstrap_expect", \.node.bootstrapExpect, "Sets server to expect bootstrap mode.",
            flag: "bootstrap-expect", check: SettingChecks.notNegative),
        Setting(
            "data_dir", \.node.dataDir, "Path to a data directory to store agent state.",
            flag: "data-dir"),
        Setting(
            "pid_file", \.node.pidFile, "Path to file to store agent PID.", flag: "pid-file"),
        Setting(
            "plugin_dir", \.node.pluginDir,
            "Path to a directory of programs that provide check types and handler kinds.",
            flag: "plugin-dir"),
        Setting(
            "strict_config", \.node.strictConfig,
            "Refuse to start for any fault of the configuration, as consul validate does.",
            flag: "strict"),
        Setting(
            "enable_debug", \.node.enableDebug, "Serve the debugging endpoints.", dev: true),
        Setting(
            "disable_remote_exec", \.node.disableRemoteExec,
            "Refuse commands sent by consul exec.", reloads: true),
        Setting(
            "disable_update_check", \.node.disableUpdateCheck,
            "No effect: this agent never asks for newer versions."),
        Setting(
            "disable_anonymous_signature", \.node.disableAnonymousSignature,
            "No effect: this agent never asks for newer versions.", dev: true),
        Setting(
            "disable_coordinates", \.node.disableCoordinates,
            "Do not measure and send network coordinates."),
        Setting(
            "translate_wan_addrs", \.node.translateWANAddresses,
            "Answer with WAN addresses for nodes of other datacenters.", isActedOn: false),
    ]

    private static let leaving: [Setting] = [
        Setting(
            "leave_on_terminate", \.node.leaveOnTerminateGiven,
            "Leave the cluster on SIGTERM: by default clients do and servers do not."),
        Setting(
            "skip_leave_on_interrupt", \.node.skipLeaveOnInterruptGiven,
            "End without leaving on SIGINT: by default servers do and clients do not."),
    ]
}

enum NodeChecks {
    static func id(_ text: String) -> String? {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        let isUUID =
            groups.map { $0.count } == [8, 4, 4, 4, 12]
            && groups.allSatisfy { $0.utf8.allSatisfy { isHex($0) } }
        return text.isEmpty || isUUID
            ? nil : "\(quoted(text)) is not a UUID (8-4-4-4-12 hexadecimal digits)"
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    static func datacenter(_ text: String) -> String? {
        if text.isEmpty { return "cannot be empty" }
        return text.utf8.allSatisfy(isNameByte)
            ? nil
            : "\(quoted(text)) may have letters, digits, '-' and '_' only: it becomes part of DNS "
                + "names"
    }

    static func optionalDatacenter(_ text: String) -> String? {
        text.isEmpty ? nil : datacenter(text)
    }

    /// Consul's rules for the metadata of nodes.
    static func meta(_ pairs: [String: String]) -> String? {
        if pairs.count > Limits.metaPairsMax {
            return "\(pairs.count) pairs are more than the \(Limits.metaPairsMax) allowed"
        }
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            if key.isEmpty { return "a key is empty" }
            if key.utf8.count > Limits.metaKeyMax {
                return "the key \(quoted(key)) is longer than \(Limits.metaKeyMax) bytes"
            }
            if !key.utf8.allSatisfy(isNameByte) {
                return "the key \(quoted(key)) may have letters, digits, '-' and '_' only"
            }
            if key.hasPrefix("consul-") {
                return "the key \(quoted(key)) begins with consul-, which is reserved"
            }
            if value.utf8.count > Limits.metaValueMax {
                return "the value of \(quoted(key)) is longer than \(Limits.metaValueMax) bytes"
            }
        }
        return nil
    }
}
