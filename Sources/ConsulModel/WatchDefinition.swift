public import Primitives
public import Wire

/// The source of a watch. Module Watch declares the fields of each type (one file per type).
public struct WatchSource: Record, Hashable, Sendable {
    public var type = ""
    public var key = ""
    public var prefix = ""
    public var service = ""
    public var tag = OneOrMany()
    public var passingOnly = false
    public var state = ""
    /// The event's name, for watches of type `event`.
    public var name = ""
    public var serviceID = ""
    public var filter = ""
    public var datacenter = ""
    public var token = ""
    public var stale = false
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Type", &type, .omitEmpty)
        try visit.field("Key", &key, .omitEmpty)
        try visit.field("Prefix", &prefix, .omitEmpty)
        try visit.field("Service", &service, .omitEmpty)
        try visit.field("Tag", &tag, .omitEmpty)
        try visit.field("PassingOnly", &passingOnly, .omitEmpty)
        try visit.field("State", &state, .omitEmpty)
        try visit.field("Name", &name, .omitEmpty)
        try visit.field("ServiceID", &serviceID, .omitEmpty)
        try visit.field("Filter", &filter, .omitEmpty)
        try visit.field("Datacenter", &datacenter, .omitEmpty)
        try visit.field("Token", &token, .omitEmpty)
        try visit.field("Stale", &stale, .omitEmpty)
    }
}

/// A watch as an operator defines it: a source, a handler, and the rules between the two.
public struct WatchDefinition: Record, Hashable, Sendable {
    /// The name in `consul watch show` and the API; made from the source if empty.
    public var id = ""
    public var source = WatchSource()
    /// Several sources with one combined payload. Excludes a type of its own.
    public var anyOf: [WatchSource] = []

    public var handlerType = ""
    /// A shell command line (deprecated by Consul in favour of `args`).
    public var handler = ""
    /// A program and its arguments, run without a shell.
    public var args: [String] = []
    public var httpHandler: HTTPHandlerDefinition?
    /// The settings of an external plugin's handler kind.
    public var handlerConfig: [String: JSONValue] = [:]

    public var fireOnStart = true
    /// Adds the added, modified and removed items, with old values, to the handler's input.
    public var changes = false
    public var timeout = GoDuration()
    public var killSignal = ""
    public var killTimeout = GoDuration()
    public var retry: RetryDefinition?
    public var wait: WaitDefinition?
    /// `coalesce` (the default), `queue`, `cancel`, or `parallel(n)`.
    public var onBusy = ""
    public var sandbox: SandboxDefinition?
    /// Registers a check of the node that fails while the handler keeps failing.
    public var healthCheck = false
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id, .omitEmpty)
        try visit.embed(&source)
        try visit.field("AnyOf", &anyOf, .omitEmpty)
        try visit.field("HandlerType", &handlerType, .omitEmpty)
        try visit.field("Handler", &handler, .omitEmpty)
        try visit.field("Args", &args, .omitEmpty)
        try visit.field("HTTPHandlerConfig", &httpHandler, .omitEmpty)
        try visit.field("HandlerConfig", &handlerConfig, .omitEmpty)
        try visit.field("FireOnStart", &fireOnStart)
        try visit.field("Changes", &changes, .omitEmpty)
        try visit.field("Timeout", &timeout, .omitEmpty)
        try visit.field("KillSignal", &killSignal, .omitEmpty)
        try visit.field("KillTimeout", &killTimeout, .omitEmpty)
        try visit.field("Retry", &retry, .omitEmpty)
        try visit.field("Wait", &wait, .omitEmpty)
        try visit.field("OnBusy", &onBusy, .omitEmpty)
        try visit.field("Sandbox", &sandbox, .omitEmpty)
        try visit.field("HealthCheck", &healthCheck, .omitEmpty)
    }
}

extension WatchDefinition {
    /// Returns the fields that choose a program, a plugin's handler or a file. A client of the HTTP
    /// API may set them only where it may also register script checks.
    public var programFields: [String] {
        let fields = [
            ("handler_type", handlerType != "http"), ("handler", !handler.isEmpty),
            ("args", !args.isEmpty), ("handler_config", !handlerConfig.isEmpty),
            ("sandbox", sandbox != nil), ("retry.dead_letter", retry?.deadLetter.isEmpty == false),
        ]
        return fields.filter { $0.1 }.map { $0.0 }
    }
}

public struct HTTPHandlerDefinition: Record, Hashable, Sendable {
    /// The whole URL, under Consul's name for it.
    public var path = ""
    public var method = "POST"
    public var header: [String: [String]] = [:]
    public var timeout = GoDuration.seconds(10)
    public var tlsSkipVerify = false
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Path", &path)
        try visit.field("Method", &method)
        try visit.field("Header", &header, .omitEmpty)
        try visit.field("Timeout", &timeout)
        try visit.field("TLSSkipVerify", &tlsSkipVerify, .omitEmpty)
    }
}

/// Retries of a failed handler, with growing waits.
public struct RetryDefinition: Record, Hashable, Sendable {
    /// The number of runs after the first; 0 for none.
    public var max = 0
    public var minBackoff = GoDuration.seconds(1)
    public var maxBackoff = GoDuration.seconds(60)
    /// A file that receives each change whose last run failed, one JSON object per line.
    public var deadLetter = ""
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Max", &max)
        try visit.field("MinBackoff", &minBackoff)
        try visit.field("MaxBackoff", &maxBackoff)
        try visit.field("DeadLetter", &deadLetter, .omitEmpty)
    }
}

/// A debounce: fires after `min` without a further change, and after `max` in any case.
public struct WaitDefinition: Record, Hashable, Sendable {
    public var min = GoDuration()
    public var max = GoDuration()
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Min", &min)
        try visit.field("Max", &max)
    }
}

/// The user and the limits of a script handler.
public struct SandboxDefinition: Record, Hashable, Sendable {
    public var user = ""
    public var group = ""
    public var workingDirectory = ""
    /// The names of variables to pass on; nil passes the agent's whole environment, as Consul does.
    public var environment: [String]?
    public var umask = ""
    /// Limits by name (`nofile`, `cpu`, `as`, `fsize`, `nproc`), as setrlimit(2) counts them.
    public var limits: [String: UInt64] = [:]
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("User", &user, .omitEmpty)
        try visit.field("Group", &group, .omitEmpty)
        try visit.field("WorkingDirectory", &workingDirectory, .omitEmpty)
        try visit.field("Environment", &environment, .omitEmpty)
        try visit.field("Umask", &umask, .omitEmpty)
        try visit.field("Limits", &limits, .omitEmpty)
    }
}

/// One text or a list of them: `tag: web` and `tag: [web, v2]`.
public struct OneOrMany: WireValue, Hashable, Sendable {
    public var values: [String]
    public init() { values = [] }
    public init(_ values: [String]) { self.values = values }

    public var isWireEmpty: Bool { values.isEmpty }
    public func encode<E: WireEncoder>(to encoder: inout E) { values.encode(to: &encoder) }
    public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        if try decoder.nextKind() == .string {
            values = [try decoder.string()]
        } else {
            try values.decode(from: &decoder)
        }
    }
}
