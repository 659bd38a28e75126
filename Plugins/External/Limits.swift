package import Primitives

/// The bounds of this target, each with its reason. Durations that tests shorten are in
/// `PluginTimes`.
package enum Limits {
    /// Bytes of a line in either direction: the limit of the agent's pipes. It bounds a handler's
    /// payload too.
    package static let lineBytesMax = 1 << 20
    /// Requests under way at one program. A node has dozens of checks; more means that it does not
    /// answer.
    package static let requestsMax = 256
    /// Bytes of requests queued for a program.
    package static let outboxBytesMax = 8 << 20
    /// Lines outside of the protocol, within `PluginTimes.window`, before the program is killed: a
    /// stray banner is tolerated, a program with another protocol is not.
    package static let garbageLinesMax = 100
    /// Lines of any kind within `PluginTimes.window`: far beyond what checks need, and little work.
    package static let linesMax = 100_000
    /// Bytes on stderr within `PluginTimes.window`. Only the end is kept; reading more is wasted
    /// work.
    package static let errorBytesMax = 64 << 20
    /// Lines written to the agent's log for one program within `PluginTimes.window`.
    package static let logLinesMax = 120
    /// Bytes of one such line.
    package static let logLineBytesMax = 2048
    /// Consecutive requests that timed out without any line from the program: it hangs.
    package static let silentRequestsMax = 3
    /// Consecutive failed starts after which a program is shown as failed. It is still retried, at
    /// the longest wait: checks recover by themselves when the cause is repaired.
    package static let failuresShownAsRestartingMax = 5
    /// Bytes of stderr quoted in an error.
    package static let quotedErrorBytesMax = 400
    /// Bytes of a program's names, versions and kinds: tables show them.
    package static let nameBytesMax = 64
    /// Bytes of a command's synopsis: one line in the list of commands.
    package static let synopsisBytesMax = 100
    /// Check types, handler kinds and commands of one program.
    package static let kindsMax = 64
    /// Programs of one folder. Each is a permanent process.
    package static let programsMax = 64
    /// Nested objects and lists in a config schema.
    package static let schemaDepthMax = 8
    /// Bytes of a probe's or handler's output that are read; the agent's own limit is far lower.
    package static let outputBytesMax = 64 << 10
}

/// The durations of the protocol; the defaults are the agent's.
package struct PluginTimes: Sendable {
    /// From the start to the program's `hello`. An interpreter on a loaded machine needs a second
    /// or two.
    package var handshake = GoDuration.seconds(10)
    /// The time for a program to read one line. Its reader must not do the work of a probe.
    package var send = GoDuration.seconds(10)
    /// The time for a program to end by itself after `shutdown`, before its group is killed.
    package var shutdown = GoDuration.seconds(1)
    /// The wait before the first restart; doubled for each further one.
    package var backoffMin = GoDuration.seconds(1)
    package var backoffMax = GoDuration.seconds(60)
    /// The run time after which a program has recovered: the wait starts at `backoffMin` again.
    package var stable = GoDuration.seconds(60)
    /// The window for counting lines and bytes.
    package var window = GoDuration.seconds(60)
    /// The interval of checking stderr's volume.
    package var look = GoDuration.seconds(5)
    /// The timeout of handlers without a `timeout` in their definition, which must not wait for
    /// ever either.
    package var handle = GoDuration.hours(1)
    package init() {}
}
