public import ConsulModel
public import Wire

/// One unit of extension: a name, a version and its contributions. Compiled-in plugins and external
/// programs are the same values, in one `PluginRegistry`.
public struct Plugin: Sendable {
    public var name: String
    public var version: String
    /// `built-in`, or the path of the program that provides it.
    public var origin: String
    public var contributions: [Contribution]

    public init(
        name: String, version: String, origin: String = "built-in", contributions: [Contribution]
    ) {
        self.name = name
        self.version = version
        self.origin = origin
        self.contributions = contributions
    }
}

/// One extension that a plugin adds.
public enum Contribution: Sendable {
    case checkType(any CheckType)
    case handlerKind(any HandlerKind)
    case command(any Command)
    case eventResponder(any EventResponder)

    /// The name, unique within its sort in a registry.
    public var kind: String {
        switch self {
        case .checkType(let type): type.kind
        case .handlerKind(let handler): handler.kind
        case .command(let command): command.name
        case .eventResponder(let responder): responder.eventName
        }
    }

    /// The sort as `consul plugin list` shows it.
    public var sort: String {
        switch self {
        case .checkType: "check"
        case .handlerKind: "handler"
        case .command: "command"
        case .eventResponder: "event"
        }
    }
}

/// Handles the user events of one name in place of watches and the event list.
public protocol EventResponder: Sendable {
    var eventName: String { get }
    /// Responds to an event whose targets include this node, each in a task of its own.
    func respond(to event: UserEvent, in context: ResponderContext) async
}

/// An event responder's capabilities, and its node.
public struct ResponderContext: Sendable {
    public enum Level: Sendable { case debug, info, warning, error }

    public var nodeName: String
    public var datacenter: String
    /// The applied configuration's sections.
    public var settings: PluginSettings
    public var backend: any Backend
    public var processes: any ProcessRunner
    public var clock: any WaitingClock
    /// Writes a line to the agent's log, with named values.
    public var log: @Sendable (Level, String, [(String, String)]) -> Void

    public init(
        nodeName: String, datacenter: String, settings: PluginSettings, backend: any Backend,
        processes: any ProcessRunner, clock: any WaitingClock,
        log: @escaping @Sendable (Level, String, [(String, String)]) -> Void
    ) {
        self.nodeName = nodeName
        self.datacenter = datacenter
        self.settings = settings
        self.backend = backend
        self.processes = processes
        self.clock = clock
        self.log = log
    }
}

/// Holds sections of the configuration, each found by its type. The agent adds those that plugins
/// may read; a plugin requests the type that it uses.
public struct PluginSettings: Sendable {
    private var sections: [ObjectIdentifier: any Sendable] = [:]

    public init() {}

    public mutating func set<Section: Sendable>(_ section: Section) {
        sections[ObjectIdentifier(Section.self)] = section
    }

    /// Returns the section of a type; nil when the agent added none.
    public func section<Section: Sendable>(_ type: Section.Type = Section.self) -> Section? {
        sections[ObjectIdentifier(type)] as? Section
    }
}

/// One line of `consul plugin list` and `GET /v1/agent/plugins`.
public struct PluginStatus: Record, Hashable, Sendable {
    public var name = ""
    public var version = ""
    public var origin = ""
    /// `loaded`, `restarting` or `failed`.
    public var state = "loaded"
    /// Each `sort:kind`, for example `check:http`.
    public var provides: [String] = []
    /// The last load or run error; empty when all is well.
    public var error = ""
    /// Restarts of an external program since the agent started.
    public var restarts = 0
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Version", &version)
        try visit.field("Origin", &origin)
        try visit.field("State", &state)
        try visit.field("Provides", &provides)
        try visit.field("Error", &error)
        try visit.field("Restarts", &restarts)
    }
}
