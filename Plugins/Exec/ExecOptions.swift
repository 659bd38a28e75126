package import Primitives

/// The validated options of `consul exec`.
package struct ExecOptions: Sendable {
    package var prefix = "_rexec"
    package var node = ""
    package var service = ""
    package var tag = ""
    /// The quiet time after which the run counts as over; twice that while nodes still run.
    package var wait = GoDuration.seconds(2)
    /// The pause between writing the job and firing the event, so that a stale read finds the job.
    package var replicationWait = GoDuration.milliseconds(200)
    package var job = ExecJob()
    package var isVerbose = false

    /// Metadata that a node must have.
    package var nodeMeta: [String: String] = [:]
    /// The maximum number of nodes, in the order of their names; nil for all.
    package var limit: Int?
    /// The number of nodes at a time; nil for all at once.
    package var batch: Int?
    /// The pause between one batch and the next.
    package var batchPause = GoDuration.zero
    /// Prints one JSON document at the end, instead of lines during the run.
    package var printsJSON = false
    package init() {}

    /// Bytes of a script: in base64 it must fit into one value of the store.
    package static let scriptBytesMax = 384 << 10

    /// True when the caller selects the nodes, and then names them one by one.
    var namesNodes: Bool { !nodeMeta.isEmpty || limit != nil || batch != nil }
}

/// The exit codes of `consul exec`: Consul's own.
package enum ExecExit {
    package static let done: Int32 = 0
    package static let failed: Int32 = 1
    /// A node's job failed, or a node did not report its end.
    package static let jobFailed: Int32 = 2
}
