import ClientCommands
import ConsulClient
import Platform
import PluginAPI
import Primitives
import Wire

/// `consul debug`.
struct DebugCommand: Command {
    static let targets = ["metrics", "logs", "pprof", "host", "agent", "cluster"]

    let path = ["debug"]
    let synopsis = "Records a debugging archive for operators"
    let usage = """
        Usage: consul debug [options]

          Watches an agent for a while, and writes what it says about itself, its machine and its
          cluster, with its metrics and its log, into an archive.

          For two minutes, into the current folder:

              $ consul debug

          Shorter, and only the metrics and the agent's description:

              $ consul debug -duration=1m -interval=20s -capture metrics -capture agent

          As a folder, to look at it at once:

              $ consul debug -output=/tmp/look -archive=false

          An interrupt ends it early; what was gathered is kept. What is written may be sensitive:
          read it before you hand it on.
        """
    let flags =
        ClientFlags.agent + [
            Flag(
                "archive", .bool,
                "Boolean value for if the files should be archived and compressed. Setting this to "
                    + "false will skip the archive step and leave the directory of information on "
                    + "the current path."),
            Flag(
                "capture", .list,
                "One or more types of information to capture. This can be used to capture a subset "
                    + "of information, and defaults to capturing everything available. Possible "
                    + "information for capture: \(targets.joined(separator: ", ")). This can be "
                    + "repeated multiple times."),
            Flag(
                "duration", .value, "The total time to record information. Defaults to 2m0s.",
                type: "duration"),
            Flag(
                "interval", .value,
                "The interval in which to capture dynamic information such as telemetry, and "
                    + "profiling. Defaults to 30s.",
                type: "duration"),
            Flag(
                "output", .value,
                "The path to the compressed archive that will be created with the information "
                    + "after collection."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.isEmpty else {
            console.error("==> debug: Too many arguments provided, expected 0")
            return 1
        }
        return await withClient(flags, console, doing: "Capture failed") {
            client throws(ConsulClientError) in
            let plan: DebugPlan
            do throws(ConsulClientError) {
                plan = try await DebugPlan(flags, client, console)
            } catch {
                console.error("==> Capture validation failed: \(error)")
                return 1
            }
            plan.announce(console)
            let recording = Task { () -> String? in
                do throws(ConsulClientError) {
                    try await DebugRecording(plan, client, console).run()
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            let interrupting = Task {
                for await _ in Signals.stream(of: Signals.ends) {
                    console.error(
                        "==> Error encountered during collection: stopping collection due to "
                            + "shutdown signal")
                    recording.cancel()
                }
            }
            defer { interrupting.cancel() }
            if let error = await recording.value { throw ConsulClientError(error) }
            return 0
        }
    }
}

/// The validated parameters of a recording.
struct DebugPlan: Sendable {
    let duration: GoDuration
    let interval: GoDuration
    /// The output folder.
    let folder: String
    let archives: Bool
    let targets: [String]
    /// The unchanged answer of `/v1/agent/self`.
    let agent: JSONValue

    init(_ flags: ParsedFlags, _ client: ConsulClient, _ console: Console)
        async throws(ConsulClientError)
    {
        duration = GoDuration(flags["duration"]) ?? .minutes(2)
        interval = GoDuration(flags["interval"]) ?? .seconds(30)
        archives = flags.isOn("archive", default: true)
        // Both sentences are Consul's.
        if duration < .seconds(10) { throw ConsulClientError("duration must be longer than 10s") }
        if interval < .seconds(5) { throw ConsulClientError("interval must be longer than 10s") }
        let seconds = SystemClock.unixNanoseconds() / 1_000_000_000
        folder = flags.has("output") ? flags["output"] : "consul-debug-\(seconds)"
        if Files.exists(folder) || archives && Files.exists(folder + ".tar.gz") {
            throw ConsulClientError("output directory already exists: \(folder)")
        }
        do throws(ConsulClientError) {
            agent = try await client.agentList("self")
        } catch {
            throw ConsulClientError(
                "error querying target agent: \(error). verify connectivity and agent address")
        }
        var targets = flags.has("capture") ? flags.all("capture") : DebugCommand.targets
        if let unknown = targets.first(where: { !DebugCommand.targets.contains($0) }) {
            throw ConsulClientError("target not found: \(unknown)")
        }
        // HashiCorp's agents have profiles; ours never do.
        if targets.contains("pprof"), agent["DebugConfig"]?["EnableDebug"] != .bool(true) {
            targets.removeAll { $0 == "pprof" }
            console.error(
                "[WARN] Unable to capture pprof. Set enable_debug to true on target agent to "
                    + "enable profiling.")
        }
        self.targets = targets
    }

    var output: String { archives ? folder + ".tar.gz" : folder }
    var version: String { agent["Config"]?["Version"]?.stringValue ?? "" }

    func announce(_ console: Console) {
        console.out("==> Starting debugger and capturing static information...")
        console.out("     Agent Version: '\(version)'")
        console.out("          Interval: '\(interval)'")
        console.out("          Duration: '\(duration)'")
        console.out("            Output: '\(output)'")
        console.out("           Capture: '\(targets.joined(separator: ", "))'")
    }

    /// `index.json`.
    var index: JSONIndex {
        var index = JSONIndex()
        index.agentVersion = version
        index.interval = "\(interval)"
        index.duration = "\(duration)"
        index.targets = targets
        return index
    }

    struct JSONIndex: Record {
        var version = 1
        var agentVersion = ""
        var interval = ""
        var duration = ""
        var targets: [String] = []
        init() {}
        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("Version", &version)
            try visit.field("AgentVersion", &agentVersion)
            try visit.field("Interval", &interval)
            try visit.field("Duration", &duration)
            try visit.field("Targets", &targets)
        }
    }
}
