package import Primitives

/// The level, form and destinations of the log.
package struct LoggingSettings: Sendable {
    /// Upper case in a finished configuration: TRACE, DEBUG, INFO, WARN or ERR.
    package var level = "INFO"
    package var json = false
    package var file = ""
    package var rotateBytes = 0
    package var rotateDuration = GoDuration.hours(24)
    package var rotateMaxFiles = 0
    package var syslog = false
    package var syslogFacility = "LOCAL0"
    init() {}

    static let levels = ["trace", "debug", "info", "warn", "error", "err"]

    static let settings: [Setting] = [
        Setting(
            "log_level", \.logging.level, "Log level of the agent.", flag: "log-level",
            dev: "DEBUG", reloads: true, check: SettingChecks.oneOf(levels)),
        Setting("log_json", \.logging.json, "Output logs in JSON format.", flag: "log-json"),
        Setting(
            "log_file", \.logging.file, "Path to the file the logs get written to.",
            flag: "log-file"),
        Setting(
            "log_rotate_bytes", \.logging.rotateBytes,
            "Maximum number of bytes that should be written to a log file.",
            flag: "log-rotate-bytes", fallsBack: true, check: SettingChecks.notNegative),
        Setting(
            "log_rotate_duration", \.logging.rotateDuration,
            "Time after which log rotation needs to be performed.", flag: "log-rotate-duration",
            fallsBack: true, check: { $0.nanoseconds > 0 ? nil : "\($0) must be more than 0s" }),
        Setting(
            "log_rotate_max_files", \.logging.rotateMaxFiles,
            "Maximum number of log file archives to keep: 0 is all, -1 is none.",
            flag: "log-rotate-max-files"),
        Setting(
            "enable_syslog", \.logging.syslog, "Enables logging to syslog.", flag: "syslog"),
        Setting(
            "syslog_facility", \.logging.syslogFacility, "The facility under which syslog files."),
    ]
}
