package import Primitives
package import Wire

/// Limits what `consul exec` may do on this node.
package struct RemoteExecRules: Hashable, Sendable {
    package var isEnabled = false
    /// Not empty: these alone may be run, by their names.
    package var jobs: [RemoteExecJob] = []
    /// Runs what names no user of its own; empty for the agent's own.
    package var user = ""
    /// From a job's start to its end; zero for as long as it takes.
    package var timeout = GoDuration()
    /// Jobs at once; a further one is refused.
    package var parallelMax = 8
    /// Bytes of one job's output that are sent; the rest is counted only.
    package var outputMax = 1 << 20
    package init() {}

    package func job(named name: String) -> RemoteExecJob? { jobs.first { $0.name == name } }
}

/// A job that may be run on this node by its name: `consul exec NAME`.
package struct RemoteExecJob: Record, Hashable, Sendable {
    /// One word, given in place of a command.
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
