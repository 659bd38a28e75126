package import Telemetry

/// What is measured of the log itself, by Consul's names.
package struct RaftMetrics: Sendable {
    let dispatchLog: Timing
    let snapshotCreate: Timing
    let snapshotPersist: Timing

    package init(in registry: MetricRegistry = MetricRegistry()) {
        dispatchLog = registry.timing(
            "raft.leader.dispatchLog",
            help: "Milliseconds until a batch of entries was written to the log.")
        snapshotCreate = registry.timing(
            "raft.fsm.snapshot", help: "Milliseconds until an image of the state was taken.")
        snapshotPersist = registry.timing(
            "raft.snapshot.persist", help: "Milliseconds until a snapshot was written down.")
    }
}
