import Glibc
package import Primitives

/// What a child is given as its environment.
package enum ProcessEnvironment: Hashable, Sendable {
    /// This process's environment with these added or replaced, and without some names.
    case inherited(adding: [String: String], without: Set<String> = [])
    /// These and nothing else.
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
/// A child is the leader of its own session and process group, so that it can be killed with all it
/// started, and has no descriptor but its standard three.
package struct ProcessSpec: Sendable {
    /// The program, looked up in PATH when it has no `/`, and its arguments. Not empty.
    package var arguments: [String]
    package var environment = ProcessEnvironment.inherited(adding: [:])
    package var workingDirectory: String?
    /// Given to the child on its standard input, which is then closed. Only `ProcessRun` uses it.
    package var standardInput: [UInt8] = []
    /// Given to the child as its standard input, instead of nothing or `standardInput`. Stays the
    /// caller's.
    package var inputDescriptor: Int32?
    /// Told the child's group (`g`, the number, a line end) before the program runs. Stays the
    /// caller's.
    package var announceDescriptor: Int32?
    /// Gives the child this process's own standard output and error; nothing of them is seen here.
    package var inheritsOutput = false
    /// From start to end; nil: as long as it takes.
    package var timeout: GoDuration?
    /// Sent to the whole group at the time-out. Unless it is SIGKILL, SIGKILL follows `killGrace`
    /// later.
    package var killSignal: Int32 = SIGKILL
    package var killGrace = GoDuration.seconds(5)
    /// What the child started dies with it, also when it ends by itself.
    package var killsGroupAtExit = false
    /// The tail of standard output and error, merged, that is kept.
    package var outputLimit = Limits.outputKeptDefault
    /// Names or numbers. Changing them needs the right to.
    package var user: String?
    package var group: String?
    package var umask: UInt32?

    package init(_ arguments: [String]) { self.arguments = arguments }
}

/// How a child ended.
package enum ProcessEnding: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signaled(Int32)
    /// Killed because its time was over.
    case timedOut
    /// Killed because the task that ran it was cancelled.
    case cancelled
    /// It never ran: missing program, missing directory, unknown user, too many children.
    case failedToStart(String)

    package var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signaled(let number): "signal: \(String(cString: strsignal(number)).lowercased())"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .failedToStart(let reason): reason
        }
    }
}

package struct ProcessOutcome: Sendable {
    package var ending: ProcessEnding
    /// The tail of the output, behind `Captured N of M bytes` when it was cut.
    package var output: String
    /// The same without that notice.
    package var outputTail: [UInt8]
    /// All bytes the child wrote.
    package var outputTotal: Int
    package var duration: GoDuration
}
