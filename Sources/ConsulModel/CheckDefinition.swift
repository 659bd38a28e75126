public import Primitives
public import Wire

/// A check as an operator or a program defines it: in a fragment, in a service, or by `PUT
/// /v1/agent/check/register`. Its plugin determines its type from the fields (`CheckType.claims`).
public struct CheckDefinition: Record, Hashable, Sendable {
    public var id = ""
    public var name = ""
    public var notes = ""
    public var serviceID = ""
    public var token = ""
    public var status = ""

    public var args: [String] = []
    public var http = ""
    public var header: [String: [String]] = [:]
    public var method = ""
    public var body = ""
    public var disableRedirects = false
    public var tlsServerName = ""
    public var tlsSkipVerify = false
    public var expect: HTTPExpectation?
    public var tcp = ""
    public var tcpUseTLS = false
    public var udp = ""
    public var ttl = GoDuration()
    public var dockerContainerID = ""
    public var shell = ""
    public var grpc = ""
    public var grpcUseTLS = false
    public var aliasNode = ""
    public var aliasService = ""
    public var osService = ""
    /// The kind of a check that an external plugin provides, and the plugin's settings.
    public var type = ""
    public var config: [String: JSONValue] = [:]

    public var interval = GoDuration()
    public var timeout = GoDuration()
    public var successBeforePassing = 0
    public var failuresBeforeWarning = 0
    public var failuresBeforeCritical = 0
    public var deregisterCriticalServiceAfter = GoDuration()
    /// The number of output bytes to keep; 0 is the agent's own limit, which this can only lower.
    public var outputMaxSize = 0
    /// Probes at once when registered, instead of after a random part of the interval.
    public var runOnRegister = false
    /// The longest random wait before the first probe; 0 is the interval.
    public var staggerMax = GoDuration()
    /// The exact wait before the first probe.
    public var initialDelay = GoDuration()
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id, .omitEmpty)
        try visit.field("CheckID", &id, .inputOnly)
        try visit.field("Name", &name, .omitEmpty)
        try visit.field("Notes", &notes, .omitEmpty)
        try visit.field("ServiceID", &serviceID, .omitEmpty)
        try visit.field("Token", &token, .omitEmpty)
        try visit.field("Status", &status, .omitEmpty)
        try probeFields(&visit)
        try visit.field("Interval", &interval, .omitEmpty)
        try visit.field("Timeout", &timeout, .omitEmpty)
        try visit.field("SuccessBeforePassing", &successBeforePassing, .omitEmpty)
        try visit.field("FailuresBeforeWarning", &failuresBeforeWarning, .omitEmpty)
        try visit.field("FailuresBeforeCritical", &failuresBeforeCritical, .omitEmpty)
        try visit.field(
            "DeregisterCriticalServiceAfter", &deregisterCriticalServiceAfter, .omitEmpty)
        try visit.field("OutputMaxSize", &outputMaxSize, .omitEmpty)
        try visit.field("RunOnRegister", &runOnRegister, .omitEmpty)
        try visit.field("StaggerMax", &staggerMax, .omitEmpty)
        try visit.field("InitialDelay", &initialDelay, .omitEmpty)
    }

    /// Returns true when the check runs a program that the definition chooses: a script, a command
    /// in a container, or a program of a plugin with a configuration of the caller.
    public var choosesProgram: Bool { !args.isEmpty || !type.isEmpty }

    private mutating func probeFields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Args", &args, .omitEmpty)
        try visit.field("ScriptArgs", &args, .inputOnly)
        try visit.field("HTTP", &http, .omitEmpty)
        try visit.field("Header", &header, .omitEmpty)
        try visit.field("Method", &method, .omitEmpty)
        try visit.field("Body", &body, .omitEmpty)
        try visit.field("DisableRedirects", &disableRedirects, .omitEmpty)
        try visit.field("TLSServerName", &tlsServerName, .omitEmpty)
        try visit.field("TLSSkipVerify", &tlsSkipVerify, .omitEmpty)
        try visit.field("Expect", &expect, .omitEmpty)
        try visit.field("TCP", &tcp, .omitEmpty)
        try visit.field("TCPUseTLS", &tcpUseTLS, .omitEmpty)
        try visit.field("UDP", &udp, .omitEmpty)
        try visit.field("TTL", &ttl, .omitEmpty)
        try visit.field("DockerContainerID", &dockerContainerID, .omitEmpty)
        try visit.field("Shell", &shell, .omitEmpty)
        try visit.field("GRPC", &grpc, .omitEmpty)
        try visit.field("GRPCUseTLS", &grpcUseTLS, .omitEmpty)
        try visit.field("AliasNode", &aliasNode, .omitEmpty)
        try visit.field("AliasService", &aliasService, .omitEmpty)
        try visit.field("OSService", &osService, .omitEmpty)
        try visit.field("Type", &type, .omitEmpty)
        try visit.field("Config", &config, .omitEmpty)
    }
}

/// The required answer of an HTTP check, beyond Consul's 2xx.
public struct HTTPExpectation: Record, Hashable, Sendable {
    /// Statuses and ranges that pass: `200`, `200-299`, `404`. Empty: 2xx passes, 429 warns.
    public var status: [String] = []
    /// A regular expression that the body must match.
    public var body = ""
    /// A path into a JSON body (`checks.db.ok`) and the text that its value must have.
    public var jsonPath = ""
    public var value = ""
    /// Inverts the result of the body's and the path's test: a match is then a failure.
    public var negate = false
    /// A correct answer that is slower than this is a warning; 0 is no limit.
    public var maxLatency = GoDuration()
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Status", &status, .omitEmpty)
        try visit.field("Body", &body, .omitEmpty)
        try visit.field("JSONPath", &jsonPath, .omitEmpty)
        try visit.field("Value", &value, .omitEmpty)
        try visit.field("Not", &negate, .omitEmpty)
        try visit.field("MaxLatency", &maxLatency, .omitEmpty)
    }
}
