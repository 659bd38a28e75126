package import Primitives
package import Wire

/// Limits of `consul exec` on this node.
package struct RemoteExecRules: Hashable, Sendable {
    package var isEnabled = false
    /// When not empty, only these jobs may be run, by their names.
    package var jobs: [RemoteExecJob] = []
    /// The user of jobs that name none; empty for the agent's own.
    package var user = ""
    /// The longest time from a job's start to its end; zero for no limit.
    package var timeout = GoDuration()
    /// The number of concurrent jobs; another one is refused.
    package var parallelMax = 8
    /// The number of bytes of a job's output that are sent; the rest is only counted.
    package var outputMax = 1 << 20
    package init() {}

    package func job(named name: String) -> RemoteExecJob? { jobs.first { $0.name == name } }
}

/// A job that may be run on this node by its name: `consul exec NAME`.
package struct RemoteExecJob: Record, Hashable, Sendable {
    /// One word, given instead of a command.
    package var name = ""
    /// The program and its arguments, run without a shell. Not empty.
    package var args: [String] = []
    /// Whether further words of the command become further arguments.
    package var allowArguments = false
    package var user = ""
    package var timeout = GoDuration()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Args", &args)
        try visit.field("AllowArguments", &allowArguments, .omitEmpty)
        try visit.field("User", &user, .omitEmpty)
        try visit.field("Timeout", &timeout, .omitEmpty)
    }
}
