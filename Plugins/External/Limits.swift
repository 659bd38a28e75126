package import Primitives

/// The bounds of this target, each with its reason. Times that an operator of tests shortens stand
/// in `PluginTimes`.
package enum Limits {
    /// A line either way: what the agent's pipes carry. A handler's payload is bounded by it too.
    package static let lineBytesMax = 1 << 20
    /// Requests under way at one program. A node has dozens of checks; more means it does not
    /// answer.
    package static let requestsMax = 256
    /// Bytes of requests that wait for a program to read them.
    package static let outboxBytesMax = 8 << 20
    /// Lines that are not of the protocol, within `PluginTimes.window`, before the program is
    /// killed: a stray banner is forgiven, a program that talks another language is not.
    package static let garbageLinesMax = 100
    /// Lines of any kind within `PluginTimes.window`: far beyond what checks need, and little work.
    package static let linesMax = 100_000
    /// Bytes on stderr within `PluginTimes.window`. Only the tail is kept; reading more is wasted
    /// work.
    package static let errorBytesMax = 64 << 20
    /// Lines written to the agent's log for one program within `PluginTimes.window`.
    package static let logLinesMax = 120
    /// Bytes of one such line.
    package static let logLineBytesMax = 2048
    /// Requests in a row that ran out of time without a word from the program: it hangs.
    package static let silentRequestsMax = 3
    /// Failed starts in a row after which a program is shown as failed. It is still tried again, at
    /// the longest wait: checks come back by themselves when the cause is gone.
    package static let failuresShownAsRestartingMax = 5
    /// Bytes of stderr quoted in an error.
    package static let quotedErrorBytesMax = 400
    /// Names, versions and kinds of a program: they are shown in tables.
    package static let nameBytesMax = 64
    /// Bytes of a command's synopsis: one line in the list of commands.
    package static let synopsisBytesMax = 100
    /// Check types, handler kinds and commands of one program.
    package static let kindsMax = 64
    /// Programs of one folder. Each is a process that stays.
    package static let programsMax = 64
    /// Nested objects and lists in a config schema.
    package static let schemaDepthMax = 8
    /// Bytes of a probe's or handler's output that are looked at; the agent's own limit is far
    /// lower.
    package static let outputBytesMax = 64 << 10
}

/// How long things may take; the defaults are the agent's.
package struct PluginTimes: Sendable {
    /// From start to the program's `hello`. An interpreter on a loaded machine needs a second or
    /// two.
    package var handshake = GoDuration.seconds(10)
    /// For a program to read one line. Its reader must not do the work of a probe.
    package var send = GoDuration.seconds(10)
    /// For a program to end by itself after `shutdown`, before its group is killed.
    package var shutdown = GoDuration.seconds(1)
    /// Wait before the first restart; doubled for each further one.
    package var backoffMin = GoDuration.seconds(1)
    package var backoffMax = GoDuration.seconds(60)
    /// A program that ran this long has recovered: the wait begins at `backoffMin` again.
    package var stable = GoDuration.seconds(60)
    /// Over which lines and bytes are counted.
    package var window = GoDuration.seconds(60)
    /// Between looks at stderr's volume.
    package var look = GoDuration.seconds(5)
    /// For handlers of definitions without a `timeout`, which must not wait for ever either.
    package var handle = GoDuration.hours(1)
    package init() {}
}
