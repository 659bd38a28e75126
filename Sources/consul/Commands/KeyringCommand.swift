import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI

/// `consul keyring`.
struct KeyringCommand: Command {
    let path = ["keyring"]
    let synopsis = "Manages gossip layer encryption keys"
    let usage = """
        Usage: consul keyring [options]

          Manages encryption keys used for gossip messages. Gossip encryption is
          optional. When enabled, this command may be used to examine active encryption
          keys in the cluster, add new keys, and remove old ones. When combined, this
          functionality provides the ability to perform key rotation cluster-wide,
          without disrupting the cluster.

          All operations performed by this command can only be run against server nodes,
          and affect both the LAN and WAN keyrings in lock-step.

          All variations of the keyring command return 0 if all nodes reply and there
          are no errors. If any node fails to reply or reports failure, the exit code
          will be 1.
        """
    let flags =
        ClientFlags.agent + [
            Flag(
                "install", .value,
                "Install a new encryption key. This will broadcast the new key to all members in "
                    + "the cluster."),
            Flag("list", .bool, "List all keys currently in use within the cluster."),
            Flag(
                "list-primary", .bool,
                "List all primary keys currently in use within the cluster."),
            Flag(
                "local-only", .bool,
                "Setting this to true will force the keyring query to only hit local servers (no "
                    + "WAN traffic). This flag can only be set for list queries."),
            Flag(
                "relay-factor", .value,
                "Setting this to a non-zero value will cause nodes to relay their response to the "
                    + "operation through this many randomly-chosen other nodes in the cluster. The "
                    + "maximum allowed value is 5."),
            Flag(
                "remove", .value,
                "Remove the given key from the cluster. This operation may only be performed on "
                    + "keys which are not currently the primary key."),
            Flag(
                "use", .value,
                "Change the primary encryption key, which is used to encrypt messages. The key "
                    + "must already be installed before this operation can succeed."),
        ]

    private enum Action {
        case list(isPrimaryOnly: Bool)
        case change(KeyringOperation, doing: String)
    }

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let actions = Self.actions(flags)
        guard let action = actions.first else {
            console.error(help)
            return 1
        }
        guard actions.count == 1 else {
            console.error("Only a single action is allowed")
            return 1
        }
        guard let factor = flags.has("relay-factor") ? Int(flags["relay-factor"]) : 0,
            (0...5).contains(factor)
        else {
            console.error("Error parsing relay factor: Relay factor must be in range: [0, 5]")
            return 1
        }
        if flags.isOn("local-only") {
            guard case .list = action else {
                console.error(
                    "Error validating local-only: local-only can only be set for list requests")
                return 1
            }
        }
        return await withClient(flags, console, doing: "error") {
            client throws(ConsulClientError) in
            switch action {
            case .list(let isPrimaryOnly):
                console.out(
                    "==> Gathering installed \(isPrimaryOnly ? "primary " : "")encryption keys...")
                let reports = try await client.listKeys(
                    relayFactor: factor, isLocalOnly: flags.isOn("local-only"))
                console.out(Self.text(reports, isPrimaryOnly: isPrimaryOnly))
            case .change(let operation, let doing):
                console.out("==> \(doing)...")
                try await client.changeKeys(operation, relayFactor: factor)
            }
            return 0
        }
    }

    private static func actions(_ flags: ParsedFlags) -> [Action] {
        var actions: [Action] = []
        if flags.isOn("list") { actions.append(.list(isPrimaryOnly: false)) }
        if flags.isOn("list-primary") { actions.append(.list(isPrimaryOnly: true)) }
        if !flags["install"].isEmpty {
            actions.append(
                .change(.install(flags["install"]), doing: "Installing new gossip encryption key"))
        }
        if !flags["use"].isEmpty {
            actions.append(
                .change(.use(flags["use"]), doing: "Changing primary gossip encryption key"))
        }
        if !flags["remove"].isEmpty {
            actions.append(
                .change(.remove(flags["remove"]), doing: "Removing gossip encryption key"))
        }
        return actions
    }

    /// Returns the keys of each pool, with the number of members that have them.
    private static func text(_ reports: [KeyringReport], isPrimaryOnly: Bool) -> String {
        reports.map { report in
            let pool = report.isWAN ? "WAN" : "\(report.datacenter) (LAN)"
            let messages = report.messages.sorted { $0.key < $1.key }
                .map { "\n  ===> \($0.key): \($0.value)" }.joined()
            let keys = (isPrimaryOnly ? report.primaryKeys : report.keys)
                .sorted { $0.key < $1.key }
                .map { "\n  \($0.key) [\($0.value)/\(report.nodeCount)]" }.joined()
            return "\n\(pool):\(messages)\(keys)"
        }.joined(separator: "\n")
    }
}
