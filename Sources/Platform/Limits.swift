package import Primitives

/// The bounds of this target, each with its reason.
package enum Limits {
    /// Children alive at once. A node runs dozens of checks; a thousand means a runaway.
    package static let childrenMax = 1024
    /// How long output is still read after a child's end while another process holds its pipe:
    /// enough for the pipe's content, short enough that a daemon that it left costs no time.
    package static let drainAfterExitMax = GoDuration.milliseconds(200)
    /// How long a killed child may take to die before its caller is answered without it. Only a
    /// process blocked in the kernel takes so long; it is still reaped when it ends.
    package static let deathWaitMax = GoDuration.seconds(5)
    /// Bytes kept of a child's output when the caller does not say: Consul's check output limit.
    package static let outputKeptDefault = 4 * 1024
    /// Bytes read from a pipe at a time: the size of a Linux pipe.
    static let pipeReadBytes = 64 * 1024
    /// Reads from one pipe before other pipes have their turn.
    static let pipeReadsPerTurnMax = 8
    /// Bytes of a line of a long-lived child. Longer ones are cut here: the rest would only cost
    /// memory.
    package static let lineBytesMax = 1024 * 1024
    /// Lines read ahead of the consumer before the child's pipe is left unread.
    package static let linesAheadMax = 256
    /// Bytes of such lines.
    package static let lineBytesAheadMax = 4 * 1024 * 1024
    /// Bytes queued for a child before a sender has to wait.
    package static let inputQueuedBytesMax = 1024 * 1024
    /// Senders waiting for that at once; further ones are refused.
    package static let inputSendersMax = 64
    /// Attempts at a system call interrupted by a signal, or at a free temporary name.
    static let retriesMax = 100
    /// Log lines kept for new watchers: Consul's monitor replays 512.
    package static let logLinesKept = 512
    /// Log lines queued for one watcher; beyond it lines are dropped and counted, as in Consul.
    package static let logLinesQueuedPerWatcher = 512
    /// Log lines queued for the writing thread. A disk that stalls longer loses lines, not memory.
    package static let logLinesQueuedMax = 8192
    /// How long the writer waits for a full system log, and how long it then skips it: a burst gets
    /// through, and a stuck daemon takes a tenth of the writing thread's time.
    static let systemLogWaitMicroseconds = 100_000
    static let systemLogSilence = GoDuration.seconds(1)
    /// Watchers of the log at once.
    package static let logWatchersMax = 64
    /// Bytes of a log line; a longer one is cut, since it is kept up to 512 times.
    package static let logLineBytesMax = 64 * 1024
    /// The interval of reviewing the heap, and the free bytes in it from which they are returned: a
    /// peak of connections leaves tens of megabytes, the work of every second a few.
    static let memoryReviewInterval = GoDuration.seconds(30)
    static let freedBytesKept = 8 << 20
    /// A change of the memory in use between two reviews below which the process counts as idle.
    static let idleBytesChangeMax = 1 << 20
    /// Bytes of a UDP answer: the largest possible datagram.
    static let datagramBytesMax = 65_536
    /// Entries read from one directory. Configuration directories hold dozens.
    package static let directoryEntriesMax = 100_000
    /// Wait for a connection when the caller gives no time: Consul's default for TCP checks.
    package static let dialTimeoutDefault = GoDuration.seconds(10)
    /// Descriptors of an agent: its connections, with room for files and children.
    static let descriptorsMax = 65_536
    /// Descriptors reserved for other uses than connections: files, the pipes of children,
    /// listeners, calls out.
    static let descriptorsReserved = 512
}
