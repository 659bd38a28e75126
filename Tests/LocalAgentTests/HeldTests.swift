import ConsulModel
import LocalAgent
import Platform
import PluginAPI
import Primitives
import TestKit
import Testing
import Wire

/// Definitions with faults that are accepted nevertheless: critical, with the reason.
@Suite struct HeldTests {
    private struct Scene {
        let clock = ManualClock()
        let local: LocalState
        let runners = CheckRunners()
        let registrar: Registrar
        let registry: PluginRegistry

        init() throws {
            let clock = clock
            local = LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
            registry = try PluginRegistry([
                Plugin(
                    name: "test", version: "1",
                    contributions: [.checkType(ScriptedChecks()), .checkType(PushedChecks())])
            ])
            registrar = Registrar(
                local: local, runners: runners, files: RegistrationFiles(directory: ""),
                capabilities: Registrar.Capabilities(
                    processes: NoCapabilities(), http: NoCapabilities(),
                    network: NoCapabilities(), clock: clock,
                    checks: NoCapabilities()),
                registry: registry, policy: Registrar.Policy(), logger: silentLogger,
                random: SeededRandom(seed: 1), unixSeconds: { 1000 })
        }

        func apply(services: [String] = [], checks: [String] = []) async throws {
            try await registrar.apply(
                services: services.map { try Self.read($0) },
                checks: checks.map { try Self.read($0) }, registry: registry,
                policy: Registrar.Policy())
        }

        func register(service json: String) async throws {
            let definition: ServiceDefinition = try Self.read(json)
            try await registrar.register(definition, source: .api)
        }

        func register(check json: String) async throws {
            let definition: CheckDefinition = try Self.read(json)
            try await registrar.register(definition, source: .api)
        }

        static func read<Value: WireValue>(_ json: String) throws -> Value {
            try JSONReader.decode(Value.self, from: Array(json.utf8))
        }

        func shown(_ id: String) -> String {
            local.check(id).map { "\($0.check.status) \($0.check.type): \($0.check.output)" } ?? "-"
        }
    }

    @Test func checkThatCannotRunIsCriticalWithTheReason() async throws {
        let scene = try Scene()
        let grpc = #"{"id":"g","name":"g","grpc":"127.0.0.1:1","interval":"5s"}"#
        let unknown = #"{"id":"u","name":"u","type":"gone","interval":"5s"}"#
        try await scene.apply(checks: [grpc, unknown])
        #expect(
            scene.shown("g")
                == "critical grpc: Invalid check: gRPC checks are not supported yet: use a tcp "
                + "check, or a plugin")
        #expect(
            scene.shown("u")
                == "critical gone: Invalid check: no plugin provides checks of type \"gone\"")
        // It takes no heartbeats, and a sound definition replaces it.
        #expect(throws: ConsulError.self) {
            try scene.runners.heartbeat("g", CheckObservation(.passing, ""))
        }
        try await scene.apply(checks: [#"{"id":"g","name":"g","ttl":"5s"}"#])
        try scene.runners.heartbeat("g", CheckObservation(.passing, "up"))
        try await eventually("it passes") { scene.local.check("g")?.check.status == "passing" }
        #expect(scene.shown("u") == "-")
    }

    @Test func checkWithAHarmlessFaultRuns() async throws {
        let scene = try Scene()
        try await scene.apply(checks: [#"{"name":"c","ttl":"5s","status":"ok"}"#])
        #expect(
            scene.shown("c").hasPrefix("critical ")
                && scene.shown("c").contains("unknown status \"ok\""))
        try scene.runners.heartbeat("c", CheckObservation(.passing, "up"))
        try await eventually("it passes") { scene.local.check("c")?.check.output == "up" }
    }

    @Test func faultyServiceHasACriticalCheckUntilItIsRepaired() async throws {
        let scene = try Scene()
        try await scene.apply(services: [#"{"name":"w","port":70000}"#])
        #expect(scene.local.service("w")?.service.port == 70000)
        #expect(
            scene.shown("service:w:definition")
                == "critical definition: Invalid service: port: 70000 is not a port (1 to 65535, "
                + "or 0 for none)")
        try await scene.apply(services: [#"{"name":"w","port":7000}"#])
        #expect(scene.shown("service:w:definition") == "-")
    }

    @Test func apiAcceptsDefinitionsThatHashiCorpsDoes() async throws {
        let scene = try Scene()
        try await scene.register(service: #"{"Name":"a","Check":{}}"#)
        #expect(scene.local.service("a") != nil && scene.local.checks.isEmpty)
        try await scene.register(
            service: #"{"Name":"b","Check":{"GRPC":"127.0.0.1:1","Interval":"1s"}}"#)
        #expect(scene.shown("service:b").contains("gRPC checks are not supported"))
        try await scene.register(check: #"{"Name":"c","TTL":"5s","SuccessBeforePassing":-1}"#)
        #expect(scene.shown("c").contains("success_before_passing: must not be negative"))
    }

    @Test(arguments: [
        (#"{"Name":"c"}"#, "Check must be one of"),
        (#"{"Name":"c","GRPC":"a:1"}"#, "Interval must be > 0 for Script, HTTP, or TCP checks"),
        (#"{"Name":"c","TTL":"5s","Interval":"5s"}"#, "Interval and TTL cannot both be specified"),
        (#"{"Name":"c","TTL":"-5s"}"#, "TTL must be > 0 for TTL checks"),
        (#"{"Name":"c","TTL":"5s","OutputMaxSize":-1}"#, "MaxOutputMaxSize must be positive"),
    ])
    func apiRefusesDefinitionsThatHashiCorpsDoes(_ json: String, _ reason: String) async throws {
        let scene = try Scene()
        let error = await #expect(throws: ConsulError.self) {
            try await scene.register(check: json)
        }
        #expect(error?.message.hasPrefix("Invalid check: \(reason)") == true, "\(error!)")
        #expect(scene.local.checks.isEmpty)
    }
}
