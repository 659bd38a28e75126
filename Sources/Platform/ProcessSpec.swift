import Glibc
package import Primitives

/// The environment of a child.
package enum ProcessEnvironment: Hashable, Sendable {
    /// This process's environment with these added or replaced, and without some names.
    case inherited(adding: [String: String], without: Set<String> = [])
    /// These variables alone.
    case exactly([String: String])

    /// `NAME=value` lines.
    var lines: [String] {
        switch self {
        case .exactly(let all): return all.map { "\($0.key)=\($0.value)" }.sorted()
        case .inherited(let added, let withheld):
            var lines: [String] = []
            var entry = environ
            while let text = entry.pointee {
                let bytes = UnsafeRawBufferPointer(start: text, count: strcspn(text, "="))
                let name = String(decoding: bytes, as: UTF8.self)
                if added[name] == nil, !withheld.contains(name) {
                    lines.append(String(cString: text))
                }
                entry += 1
            }
            return lines + added.map { "\($0.key)=\($0.value)" }.sorted()
        }
    }
}

/// A program to run, for `ProcessRun.run` and `ChildProcess.start`.
///
/// A child leads its own session and process group, so that it can be killed with all its
/// descendants, and has no descriptors but its standard three.
package struct ProcessSpec: Sendable {
    /// The program, searched in PATH when it has no `/`, and its arguments. Not empty.
    package var arguments: [String]
    package var environment = ProcessEnvironment.inherited(adding: [:])
    package var workingDirectory: String?
    /// The content of the child's standard input, which is then closed. Only `ProcessRun` uses it.
    package var standardInput: [UInt8] = []
    /// The child's standard input, instead of an empty one or `standardInput`. The caller keeps
    /// owning it.
    package var inputDescriptor: Int32?
    /// Receives the child's group (`g`, the number, a line end) before the program runs. The caller
    /// keeps owning it.
    package var announceDescriptor: Int32?
    /// Gives the child this process's own standard output and error; this process reads neither.
    package var inheritsOutput = false
    /// The time from start to end; nil: unlimited.
    package var timeout: GoDuration?
    /// Sent to the whole group at the timeout. Unless it is SIGKILL, SIGKILL follows `killTimeout`
    /// later.
    package var killSignal: Int32 = SIGKILL
    package var killTimeout = GoDuration.seconds(5)
    /// Kills the child's descendants at its end, also when it ends by itself.
    package var killsGroupAtExit = false
    /// Bytes kept of the end of standard output and error, merged.
    package var outputLimit = Limits.outputKeptDefault
    /// The user and group, as names or numbers. Changing them needs the privilege.
    package var user: String?
    package var group: String?
    package var umask: UInt32?

    package init(_ arguments: [String]) { self.arguments = arguments }
}

/// Distinguishes the ways in which a child ends. Plugins get `ProcessEnding` of PluginAPI instead.
package enum ChildEnding: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)
    /// Killed at its timeout.
    case timedOut
    /// Killed because its task was cancelled.
    case cancelled
    /// Not started: missing program, missing directory, unknown user, too many children.
    case failedToStart(String)

    package var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let number): "signal: \(String(cString: strsignal(number)).lowercased())"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .failedToStart(let reason): reason
        }
    }
}

package struct ChildOutcome: Sendable {
    package var ending: ChildEnding
    /// The end of the output, after `Captured N of M bytes` when it was cut.
    package var output: String
    /// The end of the output without that notice.
    package var outputTail: [UInt8]
    /// The number of bytes that the child wrote.
    package var outputTotal: Int
    package var duration: GoDuration
}
