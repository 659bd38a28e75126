import ConsulModel
import LocalAgent
import Platform
import PluginAPI
import Primitives
import TestKit
import Testing
import Wire

/// Registrations by reload, by the API and from disk.
@Suite struct RegistrarTests {
    private struct Scene {
        let clock = ManualClock()
        let checks = ScriptedChecks()
        let local: LocalState
        let runners = CheckRunners()
        let registrar: Registrar
        let registry: PluginRegistry

        init(directory: String = "", unixSeconds: Int = 1000) throws {
            let clock = clock
            local = LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
            registry = try PluginRegistry([
                Plugin(
                    name: "test", version: "1",
                    contributions: [.checkType(checks), .checkType(PushedChecks())])
            ])
            let files = RegistrationFiles(directory: directory)
            try files.makeFolders()
            registrar = Registrar(
                local: local, runners: runners, files: files,
                capabilities: Registrar.Capabilities(
                    processes: NoCapabilities(), http: NoCapabilities(),
                    network: NoCapabilities(), clock: clock,
                    checks: NoCapabilities()),
                registry: registry, policy: Self.policy, logger: silentLogger,
                random: SeededRandom(seed: 1), unixSeconds: { unixSeconds })
        }

        static var policy: Registrar.Policy {
            var policy = Registrar.Policy()
            policy.scriptsFromConfiguration = true
            policy.scriptsFromAPI = true
            return policy
        }

        func apply(services: [String] = [], checks: [String] = []) async throws {
            try await registrar.apply(
                services: services.map(read), checks: checks.map(read), registry: registry,
                policy: Self.policy)
        }

        func register(service json: String) async throws {
            let definition: ServiceDefinition = try read(json)
            try await registrar.register(definition, source: .api)
        }

        func register(check json: String) async throws {
            let definition: CheckDefinition = try read(json)
            try await registrar.register(definition, source: .api)
        }

        private func read<Value: WireValue>(_ json: String) throws -> Value {
            try JSONReader.decode(Value.self, from: Array(json.utf8))
        }

        func beat(_ id: String, _ status: CheckStatus) async throws {
            try runners.heartbeat(id, CheckObservation(status, "beat"))
            try await eventually("\(id) is \(status)") {
                local.check(id)?.check.status == status.rawValue
            }
        }

        func status(_ id: String) -> String? { local.check(id)?.check.status }
    }

    @Test func changedCheckKeepsItsStatus() async throws {
        let scene = try Scene()
        try await scene.apply(
            services: [#"{"name":"web","check":{"id":"c1","ttl":"10s"}}"#],
            checks: [#"{"id":"c2","name":"c2","ttl":"10s"}"#])
        try await scene.beat("c1", .passing)
        try await scene.beat("c2", .warning)
        try await scene.apply(
            services: [#"{"name":"web","port":1,"check":{"id":"c1","ttl":"20s"}}"#],
            checks: [#"{"id":"c2","name":"c2","notes":"n","ttl":"20s"}"#])
        #expect(scene.status("c1") == "passing" && scene.status("c2") == "warning")
        #expect(scene.local.check("c2")?.check.notes == "n")
        #expect(scene.local.check("c1")?.check.output == "beat")
    }

    @Test func unchangedCheckIsNotStartedAgain() async throws {
        let scene = try Scene()
        let check =
            #"{"id":"c","name":"c","args":["x"],"interval":"10s","run_on_register":true}"#
        for _ in 0..<10 { try await scene.apply(checks: [check]) }
        try await eventually("the first probe") { scene.checks.count("c") == 1 }
        try await eventually("the result") { scene.status("c") == "passing" }
        for _ in 0..<10 { try await scene.apply(checks: [check]) }
        let observation = try await scene.runners.runNow("c")
        #expect(observation.status == .passing)
        #expect(scene.checks.count("c") == 2)
    }

    @Test func checkOfTheTopLevelFollowsItsService() async throws {
        let scene = try Scene()
        let check = #"{"id":"c","name":"c","service_id":"web","ttl":"10s"}"#
        try await scene.apply(services: [#"{"name":"web"}"#], checks: [check])
        try await scene.beat("c", .passing)
        try await scene.apply(services: [#"{"name":"web","port":9}"#], checks: [check])
        #expect(scene.status("c") == "passing")
        try await scene.apply(services: [#"{"name":"web","port":9}"#])
        #expect(scene.status("c") == nil)
        #expect(scene.runners.count == 0)
    }

    @Test func registrationsOfTheAPIStayOnReload() async throws {
        let scene = try Scene()
        try await scene.apply(services: [#"{"name":"web","check":{"id":"own","ttl":"9s"}}"#])
        try await scene.register(service: #"{"Name":"mine","Check":{"CheckID":"m","TTL":"9s"}}"#)
        try await scene.register(
            check: #"{"ID":"hung","Name":"hung","ServiceID":"web","TTL":"9s"}"#)
        try await scene.beat("m", .passing)
        try await scene.beat("hung", .warning)
        try await scene.apply(services: [#"{"name":"web","port":2}"#])
        #expect(scene.status("m") == "passing" && scene.status("hung") == "warning")
        #expect(scene.status("own") == nil)
        // A check is removed with its service.
        try await scene.apply()
        #expect(scene.status("m") == "passing" && scene.status("hung") == nil)
    }

    @Test func configurationWins() async throws {
        let scene = try Scene()
        try await scene.register(service: #"{"Name":"web","Port":1}"#)
        try await scene.apply(services: [#"{"name":"web","port":2}"#])
        #expect(scene.local.service("web")?.service.port == 2)
        #expect(scene.local.service("web")?.source == .configuration)
        try await scene.apply()
        #expect(scene.local.service("web") == nil)
    }

    @Test func oneFaultChangesNothing() async throws {
        let scene = try Scene()
        try await scene.apply(services: [#"{"name":"web"}"#])
        await #expect(throws: ConsulError.self) {
            try await scene.apply(
                services: [#"{"name":"new"}"#],
                checks: [#"{"id":"c","name":"c","ttl":"9s","interval":"9s"}"#])
        }
        #expect(scene.local.services.keys.sorted() == ["web"])
    }

    @Test func registrationsAreRestoredAfterARestart() async throws {
        let scratch = try TestFolder()
        let first = try Scene(directory: scratch.path)
        try await first.apply(services: [#"{"name":"web"}"#])
        try await first.register(
            service: #"{"Name":"mine","Port":7,"Checks":[{"TTL":"9s"},{"TTL":"9s"}]}"#)
        try await first.register(check: #"{"ID":"alone","Name":"alone","TTL":"10s"}"#)
        try await first.registrar.setMaintenance(true, service: "mine", reason: "rest")
        await first.registrar.keepHeartbeat("alone", .passing, output: "well")
        await first.registrar.keepHeartbeat("service:mine:1", .warning, output: "so so")
        first.runners.stopAll()

        let second = try Scene(directory: scratch.path, unixSeconds: 1005)
        try await second.apply()
        await second.registrar.restore()
        #expect(second.local.services.keys.sorted() == ["mine"])
        #expect(second.status("alone") == "passing")
        #expect(second.local.check("alone")?.check.output == "well")
        #expect(second.status("service:mine:1") == "warning")
        #expect(second.status("service:mine:2") == "critical")
        #expect(second.local.check("_service_maintenance:mine")?.check.notes == "rest")

        // A heartbeat counts no longer than its time to live.
        let third = try Scene(directory: scratch.path, unixSeconds: 1011)
        await third.registrar.restore()
        #expect(third.status("alone") == "critical")
    }

    @Test func corruptFileIsNamedAndLeft() async throws {
        let scratch = try TestFolder()
        let files = RegistrationFiles(directory: scratch.path)
        try files.makeFolders()
        var persisted = PersistedService()
        persisted.service.name = "good"
        try files.save(persisted, "good", in: .services)
        let path = "\(scratch.path)/services/ffff"
        try AtomicFile.write(path, Array(#"{"Service":{"#.utf8), mode: 0o600)
        var broken: [String] = []
        try AtomicFile.write("\(scratch.path)/services/eeee", Array("{}".utf8), mode: 0o600)
        let all = files.loadAll(
            PersistedService.self, in: .services, broken: { broken.append($0) },
            fault: { $0.service.name.isEmpty ? "Service name missing" : nil })
        #expect(all == [persisted])
        broken.sort()
        #expect(broken.count == 2 && broken.last?.hasPrefix("\(path): ") == true)
        #expect(
            broken.first == "\(scratch.path)/services/eeee: Service name missing; remove the file")
        #expect(Files.exists(path))
    }

    @Test func onlyServicesCriticalForLongEnoughAreDeregistered() async throws {
        let scene = try Scene()
        let json = #"{"Name":"web","Check":{"CheckID":"c","TTL":"9s","#
        try await scene.register(
            service: json + #""DeregisterCriticalServiceAfter":"2m"}}"#)
        scene.clock.advance(.seconds(119))
        await scene.registrar.reap()
        #expect(scene.local.service("web") != nil)
        try await scene.beat("c", .passing)
        try await scene.beat("c", .critical)
        scene.clock.advance(.seconds(119))
        await scene.registrar.reap()
        #expect(scene.local.service("web") != nil)
        scene.clock.advance(.seconds(1))
        await scene.registrar.reap()
        #expect(scene.local.service("web") == nil && scene.local.check("c") == nil)
    }

    @Test func noCheckStartsAfterTheEnd() async throws {
        let scene = try Scene()
        scene.runners.stopAll()
        try await scene.register(
            check: #"{"ID":"c","Name":"c","Args":["x"],"Interval":"1s","RunOnRegister":true}"#)
        #expect(scene.runners.count == 0)
        await #expect(throws: ConsulError.self) { try await scene.runners.runNow("c") }
    }
}
