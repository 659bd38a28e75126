import ClientCommands
import ConsulClient
import ConsulModel
import Glibc
import Platform
import PluginAPI
import Primitives
import RaftNode
import Synchronization
import Telemetry
import Wire

/// Fills the folder of `consul debug`, and packs it: `agent.json`, `cluster.json`, `host.json`,
/// `index.json`, and a folder for each interval, named by the second of its beginning.
struct DebugRecording: Sendable {
    private let plan: DebugPlan
    private let client: ConsulClient
    private let console: Console

    /// Bytes of log kept for one interval; an agent logs a thousandth of that in a minute at DEBUG.
    private static let logBytesMax = 256 << 20

    init(_ plan: DebugPlan, _ client: ConsulClient, _ console: Console) {
        self.plan = plan
        self.client = client
        self.console = console
    }

    func run() async throws(ConsulClientError) {
        try makeFolder(plan.folder)
        try await captureStatic()
        try await captureIntervals()
        try write("index.json", indented(plan.index))
        guard plan.archives else {
            console.out("    Saved debug directory: \(plan.folder)")
            return
        }
        try pack()
        console.out("    Saved debug archive: \(plan.output)")
    }

    // MARK: Capturing

    private func captureStatic() async throws(ConsulClientError) {
        if plan.targets.contains("host") {
            let host: HostInfo = try await client.agentList("host")
            try write("host.json", indented(host))
        }
        if plan.targets.contains("agent") { try write("agent.json", indented(plan.agent)) }
        if plan.targets.contains("cluster") {
            try write("cluster.json", indented(try await client.members(wan: true)))
        }
    }

    /// Captures metrics at the beginning of each interval and at the end; the log, and profiles if
    /// available, all the time. Ends early, without an error, when the task is cancelled.
    private func captureIntervals() async throws(ConsulClientError) {
        let end = SystemClock.now() + plan.duration
        let began = Self.wall(nanoseconds: true)
        console.out("==> Beginning capture interval \(began) (0)")
        var count = 0
        while SystemClock.now() < end, !Task.isCancelled {
            count += 1
            let time = Self.wall(nanoseconds: false)
            let length = min(plan.interval, end - SystemClock.now())
            try await captureInterval(length)
            if Task.isCancelled { break }
            console.out("==> Capture successful \(time) (\(count))")
        }
        if !Task.isCancelled { try await captureMetrics(try intervalFolder()) }
    }

    private func captureInterval(_ length: GoDuration) async throws(ConsulClientError) {
        let folder = try intervalFolder()
        try await captureMetrics(folder)
        let until = SystemClock.now() + length
        let errors = await withTaskGroup(of: String?.self) { group in
            if plan.targets.contains("logs") {
                group.addTask { await self.captureLog(folder, for: length) }
            }
            if plan.targets.contains("pprof") {
                group.addTask { await self.captureProfiles(folder, for: length) }
            }
            group.addTask { await Self.sleep(until: until) }
            var errors: [String] = []
            for await error in group { if let error { errors.append(error) } }
            return errors
        }
        for error in errors where !Task.isCancelled { console.error("[WARN] \(error)") }
    }

    private static func sleep(until deadline: Instant) async -> String? {
        let wait = max(0, (deadline - SystemClock.now()).nanoseconds)
        try? await Task.sleep(nanoseconds: UInt64(wait))
        return nil
    }

    private func captureMetrics(_ folder: String) async throws(ConsulClientError) {
        guard plan.targets.contains("metrics") else { return }
        let metrics: MetricsSummary = try await client.agentList("metrics")
        try write("\(folder)/metrics.json", indented(metrics))
    }

    private func captureLog(_ folder: String, for length: GoDuration) async -> String? {
        let bytes = Mutex<[UInt8]>([])
        let streaming = Task { [client] () -> String? in
            do throws(ConsulClientError) {
                try await client.monitor(level: "DEBUG", showsRecent: false) { part in
                    bytes.withLock { if $0.count < Self.logBytesMax { $0 += part } }
                }
                return nil
            } catch {
                return Task.isCancelled ? nil : "the log was not captured: \(error)"
            }
        }
        await withTaskCancellationHandler {
            try? await Task.sleep(nanoseconds: UInt64(max(0, length.nanoseconds)))
        } onCancel: {
            streaming.cancel()
        }
        streaming.cancel()
        let failure = await streaming.value
        do throws(ConsulClientError) {
            try write("\(folder)/consul.log", bytes.withLock { $0 })
        } catch {
            return "\(error)"
        }
        return failure
    }

    /// Captures the profiles of a HashiCorp agent.
    private func captureProfiles(_ folder: String, for length: GoDuration) async -> String? {
        let seconds = "\(max(1, Int(length.seconds)))"
        let wanted: [(String, [(String, String)], String)] = [
            ("heap", [], "heap.prof"), ("goroutine", [], "goroutine.prof"),
            ("profile", [("seconds", seconds)], "profile.prof"),
            ("trace", [("seconds", seconds)], "trace.out"),
        ]
        let failures = await withTaskGroup(of: String?.self) { group in
            for (name, parameters, file) in wanted {
                group.addTask { [client] in
                    do throws(ConsulClientError) {
                        let answer = try await client.send(
                            "GET", "/debug/pprof/\(name)", parameters, timeout: nil
                        ).successful()
                        try self.write("\(folder)/\(file)", answer.body)
                        return nil
                    } catch {
                        return "pprof \(name) was not captured: \(error)"
                    }
                }
            }
            var failures: [String] = []
            for await failure in group { if let failure { failures.append(failure) } }
            return failures
        }
        return failures.isEmpty ? nil : failures.joined(separator: "; ")
    }

    // MARK: Writing

    private func intervalFolder() throws(ConsulClientError) -> String {
        let name = "\(SystemClock.unixNanoseconds() / 1_000_000_000)"
        try makeFolder("\(plan.folder)/\(name)")
        return name
    }

    private func makeFolder(_ path: String) throws(ConsulClientError) {
        do throws(FileError) { try Files.makeDirectory(path) } catch {
            throw ConsulClientError("\(error)")
        }
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws(ConsulClientError) {
        do throws(FileError) {
            try AtomicFile.write("\(plan.folder)/\(name)", bytes, mode: 0o644)
        } catch {
            throw ConsulClientError("\(error)")
        }
    }

    /// Formats with tabs, as Consul writes these files.
    private func indented(_ value: some WireValue) -> [UInt8] {
        let lines = Output.json(value).split(whereSeparator: { $0 == "\n" })
        return Array(
            lines.map { line -> String in
                let spaces = line.prefix { $0 == " " }.count
                return String(repeating: "\t", count: spaces / 4) + line.dropFirst(spaces)
            }.joined(separator: "\n").utf8)
    }

    /// Packs the folder and removes it.
    private func pack() throws(ConsulClientError) {
        let writer = TarGzipWriter(seconds: SystemClock.unixNanoseconds() / 1_000_000_000)
        let base = plan.folder.split(separator: "/").last.map(String.init) ?? plan.folder
        do throws(FileError) {
            var archive = writer.folder(base)
            for name in try Files.list(plan.folder).sorted() {
                let path = "\(plan.folder)/\(name)"
                guard Files.isDirectory(path) else {
                    let bytes = try Files.read(path, limit: Self.logBytesMax * 2)
                    archive += writer.file("\(base)/\(name)", bytes)
                    continue
                }
                archive += writer.folder("\(base)/\(name)")
                for file in try Files.list(path).sorted() {
                    let bytes = try Files.read("\(path)/\(file)", limit: Self.logBytesMax * 2)
                    archive += writer.file("\(base)/\(name)/\(file)", bytes)
                    try Files.remove("\(path)/\(file)")
                }
                rmdir(path)
            }
            try AtomicFile.write(plan.output, archive + writer.end(), mode: 0o600)
            for name in try Files.list(plan.folder) { try Files.remove("\(plan.folder)/\(name)") }
            rmdir(plan.folder)
        } catch {
            throw ConsulClientError("cannot write the archive: \(error)")
        }
    }

    /// Formats a time as Go does: `2026-11-21 15:20:06 +0000 UTC`.
    private static func wall(nanoseconds isExact: Bool) -> String {
        let now = SystemClock.unixNanoseconds()
        let text = SystemClock.wallText(unixNanoseconds: now)
        let date = text.prefix(10)
        let time = text.dropFirst(11).prefix(8)
        guard isExact else { return "\(date) \(time) +0000 UTC" }
        let fraction = "\(now % 1_000_000_000)"
        let zeroes = String(repeating: "0", count: 9 - fraction.count)
        return "\(date) \(time).\(zeroes)\(fraction) +0000 UTC"
    }
}
