public import Primitives
public import Wire

/// What this node lets `consul exec` do.
public struct RemoteExecRules: Hashable, Sendable {
    public var isEnabled = false
    /// Not empty: these alone may be run, by their names.
    public var jobs: [RemoteExecJob] = []
    /// Runs what names no user of its own; empty for the agent's own.
    public var user = ""
    /// From a job's start to its end; zero for as long as it takes.
    public var timeout = GoDuration()
    /// Jobs at once; a further one is refused.
    public var parallelMax = 8
    /// Bytes of one job's output that are sent; the rest is counted only.
    public var outputMax = 1 << 20
    public init() {}

    public func job(named name: String) -> RemoteExecJob? { jobs.first { $0.name == name } }
}

/// A job that may be run on this node by its name: `consul exec NAME`.
public struct RemoteExecJob: Record, Hashable, Sendable {
    /// What stands in the command's place; one word.
    public var name = ""
    /// The program and its arguments, run without a shell. Not empty.
    public var args: [String] = []
    /// Whether further words of the command become further arguments.
    public var allowArguments = false
    public var user = ""
    public var timeout = GoDuration()
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Args", &args)
        try visit.field("AllowArguments", &allowArguments, .omitEmpty)
        try visit.field("User", &user, .omitEmpty)
        try visit.field("Timeout", &timeout, .omitEmpty)
    }
}
