package import Primitives

/// What `consul exec` is asked for, checked.
package struct ExecOptions: Sendable {
    package var prefix = "_rexec"
    package var node = ""
    package var service = ""
    package var tag = ""
    /// A quiet time after which no more is expected; twice that while nodes still run.
    package var wait = GoDuration.seconds(2)
    /// Between the writing of the job and the event, so that a stale read finds it.
    package var replicationWait = GoDuration.milliseconds(200)
    package var job = ExecJob()
    package var isVerbose = false

    /// Metadata that a node must have.
    package var nodeMeta: [String: String] = [:]
    /// How many nodes at most, in the order of their names; nil for all.
    package var limit: Int?
    /// How many nodes at a time; nil for all at once.
    package var batch: Int?
    /// Between one batch and the next.
    package var batchPause = GoDuration.zero
    /// One JSON document in the end, instead of lines as they come.
    package var printsJSON = false
    package init() {}

    /// Of a script that is sent: in base64 it must fit into one value of the store.
    package static let scriptBytesMax = 384 << 10

    /// Whether the nodes are chosen by the caller, and then named one by one.
    var namesNodes: Bool { !nodeMeta.isEmpty || limit != nil || batch != nil }
}

/// The codes with which `consul exec` ends: Consul's own.
package enum ExecExit {
    package static let done: Int32 = 0
    package static let failed: Int32 = 1
    /// A node's job failed, or a node did not tell its end.
    package static let jobFailed: Int32 = 2
}
