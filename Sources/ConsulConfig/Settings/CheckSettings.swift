package import Primitives

/// Settings of all health checks of this agent.
package struct CheckSettings: Sendable {
    package var enableScriptChecks = false
    package var enableLocalScriptChecks = false
    package var enableAgentTLSForChecks = false
    package var updateInterval = GoDuration.minutes(5)
    package var discardOutput = false
    package var outputMaxSize = 4096
    package var watchDeadLetterDir = ""
    init() {}

    /// Whether definitions in fragments may run scripts.
    package var fragmentsMayRunScripts: Bool { enableScriptChecks || enableLocalScriptChecks }

    static let settings: [Setting] = [
        Setting(
            "enable_script_checks", \.checkRules.enableScriptChecks,
            "Enables health check scripts.", flag: "enable-script-checks"),
        Setting(
            "enable_local_script_checks", \.checkRules.enableLocalScriptChecks,
            "Enables health check scripts from configuration file.",
            flag: "enable-local-script-checks"),
        Setting(
            "enable_agent_tls_for_checks", \.checkRules.enableAgentTLSForChecks,
            "Use the agent's certificate for HTTPS and gRPC checks."),
        Setting(
            "check_update_interval", \.checkRules.updateInterval,
            "How often a change of a check's output alone is sent to the servers.",
            fallsBack: true, check: LimitSettings.notNegative),
        Setting(
            "discard_check_output", \.checkRules.discardOutput,
            "Do not keep the output of checks.", reloads: true),
        Setting(
            "check_output_max_size", \.checkRules.outputMaxSize,
            "Sets the maximum output size for checks on this agent.",
            flag: "check_output_max_size", check: SettingChecks.positive),
        Setting(
            "watch_dead_letter_dir", \.checkRules.watchDeadLetterDir,
            "The folder of the dead-letter files of watches that are added through the API; empty "
                + "is dead-letters in data_dir."),
    ]
}

extension RuntimeConfig {
    /// The folder of dead-letter files that clients of the API may name; empty for none.
    package var deadLetterFolder: String {
        if !checkRules.watchDeadLetterDir.isEmpty { return checkRules.watchDeadLetterDir }
        return node.dataDir.isEmpty ? "" : "\(node.dataDir)/dead-letters"
    }
}
