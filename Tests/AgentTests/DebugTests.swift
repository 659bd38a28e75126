import Glibc
import Platform
import Primitives
import TestKit
import Testing
import Wire

/// The archive of `consul debug`: the test opens all its files.
@Suite struct DebugTests {
    private func spec(_ agent: AgentProcess, _ words: String...) -> ProcessSpec {
        var spec = ProcessSpec([AgentProcess.program, "debug"] + words)
        spec.environment = .inherited(
            adding: ["CONSUL_HTTP_ADDR": "unix://\(agent.scratch.path)/http.sock"])
        return spec
    }

    private func json(_ scratch: Scratch, _ name: String) throws -> JSONValue {
        try JSONReader.decode(JSONValue.self, from: Array(scratch.read(name).utf8))
    }

    /// Unpacks the archive's folder: files, and the folders of the intervals in order.
    private func unpack(
        _ scratch: Scratch
    ) async throws -> (files: [String], intervals: [String]) {
        let run = await ProcessRun.run(
            ProcessSpec(["tar", "xzf", "\(scratch.path)/rec.tar.gz", "-C", scratch.path]))
        #expect(run.ending == .exited(0), "\(run.output)")
        let names = try Files.list("\(scratch.path)/rec").sorted()
        let intervals = names.filter { Int($0) != nil }
        return (names.filter { Int($0) == nil }, intervals)
    }

    private func judgeInterval(_ scratch: Scratch, _ interval: String) throws {
        let metrics = try json(scratch, "rec/\(interval)/metrics.json")
        #expect(metrics["Timestamp"]?.stringValue?.hasSuffix(" UTC") == true)
        for part in ["Gauges", "Counters", "Samples", "Points"] {
            guard case .array = metrics[part] else {
                Issue.record("\(interval) has no \(part)")
                return
            }
        }
    }

    /// Records ten seconds in steps of five, the shortest permitted time.
    @Test(.timeLimit(.minutes(2))) func recordingIsComplete() async throws {
        let scratch = try Scratch()
        // The recording contains the members of the pool between datacenters.
        let port = try FreePorts.take(1)[0]
        let agent = try await AgentProcess.start(
            ["wan.json": #"{"ports": {"serf_wan": \#(port)}}"#], in: scratch)
        async let run = ProcessRun.run(
            spec(agent, "-duration=10s", "-interval=5s", "-output=\(scratch.path)/rec"))
        let asking = Task {
            while !Task.isCancelled {
                try await agent.put("/v1/kv/a", "x")
                try? await Task.sleep(nanoseconds: 200_000_000)
            }
        }
        let result = await run
        asking.cancel()
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.output.contains("    Saved debug archive: \(scratch.path)/rec.tar.gz"))
        #expect(!Files.exists("\(scratch.path)/rec"))

        let (files, intervals) = try await unpack(scratch)
        #expect(files == ["agent.json", "cluster.json", "host.json", "index.json"])
        #expect(intervals.count == 3, "\(intervals)")
        for interval in intervals.prefix(2) {
            #expect(
                try Files.list("\(scratch.path)/rec/\(interval)").sorted()
                    == ["consul.log", "metrics.json"])
            let lines = scratch.read("rec/\(interval)/consul.log").split(separator: "\n")
            #expect(lines.contains { $0.contains("[DEBUG] agent.http: Request finished") })
            try judgeInterval(scratch, interval)
        }
        try judgeInterval(scratch, try #require(intervals.last))

        let index = try json(scratch, "rec/index.json")
        #expect(index["Version"] == .integer(1))
        #expect(index["Interval"]?.stringValue == "5s" && index["Duration"]?.stringValue == "10s")
        let targets = ["metrics", "logs", "host", "agent", "cluster"]
        #expect(index["Targets"] == .array(targets.map { .string($0) }))
        #expect(try json(scratch, "rec/agent.json")["Config"]?["NodeName"]?.stringValue == "here")
        #expect(try json(scratch, "rec/host.json")["Memory"]?["total"] != nil)
        guard case .array(let members) = try json(scratch, "rec/cluster.json") else {
            Issue.record("cluster.json is no list")
            return
        }
        #expect(members.first?["Name"]?.stringValue?.hasPrefix("here") == true)
        await agent.stop()
    }

    /// The archive contains the data gathered until the interrupt.
    @Test(.timeLimit(.minutes(2))) func interruptEndsTheRecordingEarly() async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        let recording = try ChildProcess.start(
            spec(agent, "-duration=10m", "-interval=5m", "-output=\(scratch.path)/rec"))
        let (lines, feed) = AsyncStream<String>.makeStream()
        let reading = Task {
            for await line in recording.lines { feed.yield(line.text) }
        }
        try await eventually("the first interval has begun") {
            let names = (try? Files.list("\(scratch.path)/rec")) ?? []
            let interval = names.first { Int($0) != nil } ?? "none"
            return Files.exists("\(scratch.path)/rec/\(interval)/metrics.json")
        }
        try await agent.put("/v1/kv/a", "x")
        kill(recording.processIdentifier, SIGINT)
        #expect(await recording.exit() == .exited(0))
        await reading.value
        feed.finish()
        var said: [String] = []
        for await line in lines { said.append(line) }
        #expect(said.last?.contains("Saved debug archive") == true, "\(said)")
        let (files, intervals) = try await unpack(scratch)
        #expect(files == ["agent.json", "cluster.json", "host.json", "index.json"])
        #expect(intervals.count == 1)
        try judgeInterval(scratch, try #require(intervals.first))
        await agent.stop()
    }
}
