import Wire

/// All settings, in the order in which the effective configuration prints them.
package enum SettingTable {
    package static let all: [Setting] =
        NodeSettings.settings + AddressSettings.settings + PortSettings.settings
        + LoggingSettings.settings + LimitSettings.settings + CheckSettings.settings
        + TLSFileSettings.settings + DNSSettings.settings
        + GossipSettings.settings
        + TelemetrySettings.settings + UISettings.settings + RaftSettings.settings
        + SessionSettings.settings
        + RemoteExecSettings.settings
        + StoredSettings.settings

    /// The keys of a fragment that hold definitions instead of a setting.
    static let definitionKeys = [
        "service", "services", "check", "checks", "watches", "dns_records",
    ]

    /// The meaning of a fragment's key.
    enum Target {
        case setting(Setting)
        /// A section with keys of its own: `ports`, `acl.tokens`.
        case section(String)
    }

    /// Keyed by folded path; case and `_` do not count, as in records.
    private static let targets: [[UInt8]: Target] = {
        var targets: [[UInt8]: Target] = [:]
        for setting in all {
            targets[Suggestion.fold(setting.name)] = .setting(setting)
            var section = setting.name[...]
            while let dot = section.lastIndex(of: ".") {
                section = section[..<dot]
                targets[Suggestion.fold(String(section))] = .section(String(section))
            }
        }
        return targets
    }()

    static func target(_ path: String) -> Target? { targets[Suggestion.fold(path)] }

    /// Returns the keys of a section; the empty name is the top of a fragment.
    static func keys(in section: String) -> [String] {
        var keys = section.isEmpty ? definitionKeys : []
        let prefix = section.isEmpty ? "" : section + "."
        for setting in all where setting.name.hasPrefix(prefix) {
            let key = String(setting.name.dropFirst(prefix.count).prefix { $0 != "." })
            if keys.last != key, !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

    /// Returns a line of Markdown for each setting, for the documentation.
    package static var reference: [String] {
        let standard = RuntimeConfig()
        return [
            "| Setting | Type | Default | Reload | Flag | Meaning |", "|---|---|---|---|---|---|",
        ]
            + all.map { setting in
                let cells = [
                    "`\(setting.name)`", setting.typeName,
                    "`\(setting.text(setting.shown(standard)))`",
                    setting.reloads ? "yes" : "restart", setting.flag.map { "`-\($0)`" } ?? "",
                    setting.meaning + (setting.isActedOn ? "" : " (Not acted on yet.)"),
                ]
                return "| \(cells.joined(separator: " | ")) |"
            }
    }

    static func setting(flag: String) -> Setting? { byFlag[flag] }

    private static let byFlag: [String: Setting] = {
        var settings: [String: Setting] = [:]
        for setting in all {
            if let flag = setting.flag { settings[flag] = setting }
        }
        return settings
    }()
}

/// A flag of `consul agent`, for the command line's parser and its help.
package struct AgentFlag: Hashable, Sendable {
    /// Without the dash.
    package var name: String
    package var form: FlagForm
    package var help: String

    /// All flags by name: those of settings and those that name sources of settings.
    package static let all: [AgentFlag] = {
        var flags = sources
        for setting in SettingTable.all {
            guard let name = setting.flag else { continue }
            flags.append(AgentFlag(name: name, form: setting.flagForm, help: setting.meaning))
        }
        return flags.sorted { $0.name < $1.name }
    }()

    /// The loader uses `dev`, `hcl` and `config-format`; the caller reads files and directories.
    private static let sources: [AgentFlag] = [
        AgentFlag(
            name: "config-dir", form: .list,
            help: "Path to a directory to read configuration files from. This will read every "
                + "file ending in '.json', '.yaml' or '.yml' as configuration in this directory "
                + "in alphabetical order. Can be specified multiple times."),
        AgentFlag(
            name: "config-file", form: .list,
            help: "Path to a file in JSON or YAML format with a matching file extension. Can be "
                + "specified multiple times."),
        AgentFlag(
            name: "config-format", form: .value,
            help: "Config files without the extension '.json', '.yaml' or '.yml' are in this "
                + "format. Must be 'json' or 'yaml'."),
        AgentFlag(
            name: "hcl", form: .list,
            help: "Config fragment, written as JSON, that counts after all files. Can be "
                + "specified multiple times."),
        AgentFlag(name: "dev", form: .bool, help: "Starts the agent in development mode."),
    ]
}

/// A flag as typed: one value for each occurrence. A bool flag without a value has `true`.
package struct FlagValue: Hashable, Sendable {
    package var name: String
    package var value: String
    package init(_ name: String, _ value: String = "true") {
        self.name = name
        self.value = value
    }
}
