import ConsulAgent
import ConsulConfig
import ConsulModel
import Platform
import PluginAPI
import StandardPlugins
import TestKit
import Testing

/// An agent as a value in this process.
@Suite struct InProcessTests {
    private static func make(_ scratch: Scratch) throws -> Agent {
        try scratch.write(
            "config.d/a.json",
            """
            {"server": true, "bootstrap": true, "bind_addr": "127.0.0.1", "data_dir": "$DIR/data",
             "ports": {"dns": -1, "serf_lan": -1, "serf_wan": -1},
             "addresses": {"http": "unix://$DIR/http.sock"},
             "enable_local_script_checks": true,
             "checks": [{"id": "c", "name": "c", "interval": "1s", "run_on_register": true,
               "args": ["sh", "-c", "echo $$ >> $DIR/pids; sleep 1000"]}],
             "watches": [{"type": "key", "key": "a", "args": ["sh", "-c",
               "echo $$ >> $DIR/pids; sleep 1000"]}]}
            """)
        let sources = ConfigSources(locations: [.directory("\(scratch.path)/config.d")], flags: [])
        let plugins = StandardPlugins.all()
        let outcome = sources.load(registry: try Agent.registry(plugins))
        guard let config = outcome.config else {
            throw NeverHappened(description: "\(outcome.errors)")
        }
        var settings = LogSettings()
        settings.toStandardOutput = false
        return try Agent(
            config: config, sources: sources, plugins: plugins, logSink: try LogSink(settings))
    }

    @Test func stoppedAgentHasStoppedEveryPart() async throws {
        let scratch = try Scratch()
        let agent = try Self.make(scratch)
        try await agent.start(catchesSignals: false)
        #expect(agent.httpAddresses.count == 1)
        try await eventually("both run") { scratch.lines("pids").count == 2 }
        await agent.stop(gracefully: false)
        // A second stop does nothing.
        await agent.stop(gracefully: true)
        let pids = scratch.lines("pids").compactMap { Int32($0) }
        try await eventually("no child is left") { !pids.contains { Proc.isAlive($0) } }
        #expect(!scratch.exists("http.sock"))
        await #expect(throws: ConsulError.self) { try await agent.reload() }
    }

    @Test func reloadDuringTheStopRunsBeforeItOrNotAtAll() async throws {
        for _ in 0..<5 {
            let scratch = try Scratch()
            let agent = try Self.make(scratch)
            try await agent.start(catchesSignals: false)
            try await eventually("both run") { scratch.lines("pids").count >= 2 }
            let reloads = await withTaskGroup(of: Bool.self) { group in
                for turn in 0..<20 {
                    group.addTask {
                        if turn == 10 { await agent.stop(gracefully: false) }
                        let report = try? await agent.reload()
                        return report != nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(reloads < 20)
            let pids = scratch.lines("pids").compactMap { Int32($0) }
            try await eventually("no child is left") { !pids.contains { Proc.isAlive($0) } }
        }
    }

    @Test func restartedAgentIsTheSameNode() async throws {
        let scratch = try Scratch()
        var ids: Set<String> = []
        for _ in 0..<2 {
            let agent = try Self.make(scratch)
            try await agent.start(catchesSignals: false)
            ids.insert(agent.nodeID)
            await agent.stop(gracefully: false)
        }
        #expect(ids.count == 1)
    }
}
