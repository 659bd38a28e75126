package import Telemetry

/// The metrics of the log itself, under Consul's names.
package struct RaftMetrics: Sendable {
    let dispatchLog: Timing
    let dispatched: LastNumber
    let committed: LastNumber
    let barriers: Counter
    let snapshotCreate: Timing
    let snapshotPersist: Timing

    package init(in registry: MetricRegistry = MetricRegistry()) {
        dispatchLog = registry.timing(
            "raft.leader.dispatchLog",
            help: "Milliseconds until a batch of entries was written to the log.")
        dispatched = registry.lastNumber(
            "raft.leader.dispatchNumLogs", help: "Entries in the newest batch that was written.")
        committed = registry.lastNumber(
            "raft.commitNumLogs", help: "Entries in the newest batch that was carried out.")
        barriers = registry.counter(
            "raft.barrier", help: "Waits until all earlier entries of the log were applied.")
        snapshotCreate = registry.timing(
            "raft.fsm.snapshot", help: "Milliseconds until an image of the state was taken.")
        snapshotPersist = registry.timing(
            "raft.snapshot.persist", help: "Milliseconds until a snapshot was written down.")
    }
}
