package import Primitives

/// The timing of the servers' log, and of its snapshots.
package struct RaftSettings: Sendable {
    /// The factor of Raft's times, 1...10.
    package var multiplier: Int = 5
    /// The number of entries since the last snapshot that triggers another.
    package var snapshotThreshold = 16_384
    /// The interval between checks of that number.
    package var snapshotInterval = GoDuration.seconds(30)
    /// The number of entries kept before a snapshot's index.
    package var trailingLogs = 10_240

    static let settings: [Setting] = [
        Setting(
            "performance.raft_multiplier", \.raft.multiplier,
            "Scale of Raft's timing, from 1 (quick) to 10 (for slow servers).", dev: 1,
            check: { (1...10).contains($0) ? nil : "\($0) is not from 1 to 10" }),
        Setting(
            "raft_snapshot_interval", \.raft.snapshotInterval,
            "Between looks whether the log is long enough for a snapshot.",
            check: {
                $0 >= .milliseconds(5) ? nil : "\($0) is too short: at least 5ms"
            }),
        Setting(
            "raft_snapshot_threshold", \.raft.snapshotThreshold,
            "Entries of the log after which a snapshot is made.", fallsBack: true,
            check: SettingChecks.positive),
        Setting(
            "raft_trailing_logs", \.raft.trailingLogs,
            "Entries kept behind a snapshot, for servers that lag a little.",
            fallsBack: true, check: SettingChecks.positive),
    ]
}
