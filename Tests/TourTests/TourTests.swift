import Glibc
import Platform
import TestKit
import Testing

/// The README's tour on `config.d` and `handlers` exactly as shipped.
@Suite struct TourTests {
    @Test func tourWorksAsShipped() async throws {
        let scratch = try TestFolder("tour")
        defer { withExtendedLifetime(scratch) {} }
        let folder = scratch.path
        let agent = try TourAgent(deployDirectory: folder)
        let isUp = await agent.eventually { await agent.consul("catalog", "nodes").code == 0 }
        #expect(isUp)
        await checksPass(agent)
        await watchesFire(agent)
        await deployRuns(agent, folder)
        await pluginsWork(agent, folder)
        await reloadKeepsEverything(agent)
        await watchingEndsOnSignal(agent)
        #expect(await agent.stop() == .exited(0))
    }

    private func checksPass(_ agent: TourAgent) async {
        for check in ["root-disk", "api-answers", "worker-load"] {
            let (code, output) = await agent.consul("check", "run", check)
            #expect(code == 0 || check == "root-disk", "\(check): \(output)")
        }
        let (_, services) = await agent.consul("catalog", "services")
        #expect(services == "api\nbackup\nconsul\nworker\n")
    }

    private func watchesFire(_ agent: TourAgent) async {
        #expect(await agent.consul("kv", "put", "app/mode", "maintenance").code == 0)
        #expect(await shows(agent, "app-mode", "app/mode is now: maintenance"))
        #expect(await agent.consul("kv", "put", "app/config/colour", "blue").code == 0)
        #expect(await shows(agent, "app-config", "1 added, 0 modified, 0 removed"))
        #expect(await shows(agent, "services", "\"worker\":[]"))
        #expect(await shows(agent, "nodes", "nodes: tour"))
        #expect(await shows(agent, "api-instances", "api-instances: 1 healthy"))
        #expect(await shows(agent, "critical-checks", "critical-checks: "))
        #expect(await shows(agent, "my-worker", "\"Service\":\"worker\""))
        let isKept = await agent.eventually {
            await agent.consul("kv", "get", "tour/services").output.contains("\"backup\":[]")
        }
        #expect(isKept, "the HTTP handler has written its key")
    }

    private func deployRuns(_ agent: TourAgent, _ folder: String) async {
        let (code, output) = await agent.consul("event", "-name=deploy", "v42")
        #expect(code == 0)
        #expect(output.hasPrefix("Event ID: "))
        #expect(await shows(agent, "deploy", "deployed v42 on tour"))
        let current = (try? Files.read("\(folder)/current", limit: 100)) ?? []
        #expect(String(decoding: current, as: UTF8.self) == "v42\n")
    }

    private func pluginsWork(_ agent: TourAgent, _ folder: String) async {
        let (_, plugins) = await agent.consul("plugin", "list")
        #expect(plugins.contains("check:file-age"))
        let (code, output) = await agent.consul("check", "run", "readme-age")
        #expect(code == 0, "\(output)")
        let isLogged = await agent.eventually {
            let log = (try? Files.read("\(folder)/consul-app-mode.jsonl", limit: 1 << 16)) ?? []
            return String(decoding: log, as: UTF8.self).contains("\"Key\":\"app/mode\"")
        }
        #expect(isLogged, "the plugin's handler has written the key's state")
    }

    private func reloadKeepsEverything(_ agent: TourAgent) async {
        let before = await agent.consul("watch", "list").output
        #expect(await agent.consul("reload") == (0, "Configuration reload triggered\n"))
        let after = await agent.consul("watch", "list").output
        #expect(before == after, "no watch fired or changed:\n\(before)\n\(after)")
        #expect(await agent.consul("validate", "-partial", "config.d").code == 0)
    }

    private func watchingEndsOnSignal(_ agent: TourAgent) async {
        let quiet = await agent.consul(
            "watch", "-type=key", "-key=never/set", "-no-initial", "-timeout=200ms", "echo x")
        #expect(quiet == (3, ""))
        let wrong = await agent.consul("watch", "-type=nodes", "-timeout=soon", "true")
        #expect(wrong == (1, "Invalid -timeout \"soon\": write it as 90s or 5m\n"))
        let once = await agent.consul("watch", "-type=key", "-key=app/mode", "-once", "cat")
        #expect(once.code == 0 && once.output.contains("\"Key\":\"app/mode\""))
        let failing = await agent.consul(
            "watch", "-type=nodes", "-child-exit-code-exact", "exit 7")
        #expect(failing.code == 7)
    }

    /// Returns true once the watch's history holds the text.
    private func shows(_ agent: TourAgent, _ watch: String, _ text: String) async -> Bool {
        await agent.eventually { await agent.consul("watch", "show", watch).output.contains(text) }
    }
}
