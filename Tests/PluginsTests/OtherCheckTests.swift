import CheckAlias
import CheckOSService
import ConsulModel
import PluginAPI
import PluginKit
import Primitives
import StandardPlugins
import Testing

struct AliasCheckTests {
    private let type = AliasCheckType()

    private func check(_ id: String, _ status: String, _ output: String = "") -> HealthCheck {
        var check = HealthCheck()
        check.checkID = id
        check.name = "the \(id)"
        check.status = status
        check.output = output
        return check
    }

    private var definition: CheckDefinition {
        var definition = CheckDefinition()
        definition.aliasService = "db"
        definition.aliasNode = "node2"
        return definition
    }

    @Test func claimsAndRefusesTimes() {
        #expect(type.kind == "alias")
        #expect(type.claims(definition))
        #expect(!type.claims(CheckDefinition()))
        var timed = definition
        timed.interval = .seconds(1)
        timed.ttl = .seconds(1)
        #expect(
            type.problems(in: timed) == [
                DefinitionProblem(
                    "ttl", "Interval and TTL cannot both be specified", .refuses)
            ])
        timed.interval = .zero
        #expect(
            type.problems(in: timed) == [
                DefinitionProblem("ttl", "TTL must be not be set for Alias checks", .refuses)
            ])
        // HashiCorp's agent accepts an interval.
        timed.ttl = .zero
        timed.interval = .seconds(1)
        #expect(type.problems(in: timed).isEmpty)
    }

    @Test func statusIsTheWorstOfTheChecks() async throws {
        var script = Scripted()
        script.checks.states = [
            nil, [], [check("a", "passing")],
            [check("a", "passing"), check("b", "warning", "hot"), check("c", "critical", "down")],
            [check("b", "warning", "hot"), check("a", "passing")],
            // The check itself does not count; an unknown status is critical.
            [check("check", "critical"), check("a", "passing")],
        ]
        let received = Recorder<CheckObservation>()
        try await type.pushed(definition, script).run { received.add($0) }
        #expect(
            received.values == [
                CheckObservation(.critical, "Service db could not be found on node node2"),
                CheckObservation(.passing, "No checks found."),
                CheckObservation(.passing, "All checks passing."),
                CheckObservation(.critical, "Aliased check \"the c\" failing: down"),
                CheckObservation(.warning, "Aliased check \"the b\" failing: hot"),
                CheckObservation(.passing, "All checks passing."),
            ])
        #expect(script.checks.asked.values == [["node2", "db"]])
        #expect(try !type.pushed(definition, script).heartbeat(CheckObservation(.passing, "")))
    }
}

struct OSServiceCheckTests {
    private let type = OSServiceCheckType()
    private var definition: CheckDefinition {
        var definition = CheckDefinition()
        definition.osService = "nginx.service"
        definition.interval = .seconds(1)
        return definition
    }

    @Test func claimsAUnit() {
        #expect(type.kind == "os_service")
        #expect(type.claims(definition))
        var wrong = definition
        wrong.osService = "-x"
        #expect(
            type.problems(in: wrong) == [
                DefinitionProblem("os_service", "a unit's name begins with no \"-\"")
            ])
    }

    @Test(arguments: [
        ("active\n", Int32(0), CheckStatus.passing, "active"),
        ("activating\n", 3, .warning, "activating"), ("reloading\n", 0, .warning, "reloading"),
        ("refreshing\n", 0, .warning, "refreshing"), ("failed\n", 3, .critical, "failed"),
        ("inactive\n", 3, .critical, "inactive"), ("", 4, .critical, "unknown"),
        ("deactivating\nmore\n", 3, .critical, "deactivating"),
    ])
    func stateDecides(_ output: String, _ code: Int32, _ status: CheckStatus, _ state: String)
        async throws
    {
        var script = Scripted()
        script.processes.answer = { _ in ProcessOutcome(.exited(code), output: output) }
        let found = try await type.polled(definition, script).probe(timeout: .seconds(1))
        #expect(found == CheckObservation(status, "systemd unit nginx.service is \(state)"))
        #expect(
            script.processes.asked.values[0].arguments
                == ["systemctl", "is-active", "--", "nginx.service"])
    }

    @Test func withoutSystemdItIsCritical() async throws {
        var script = Scripted()
        script.processes.answer = { _ in
            ProcessOutcome(.failedToStart("systemctl: not found in PATH"))
        }
        let found = try await type.polled(definition, script).probe(timeout: .seconds(1))
        #expect(found == CheckObservation(.critical, "systemctl: not found in PATH"))
    }
}

/// The whole list of standard plugins.
struct StandardPluginsTests {
    @Test func kindsAreUniqueAndKnown() throws {
        let registry = try PluginRegistry(StandardPlugins.all())
        let kinds = registry.plugins.flatMap { $0.contributions }.map { "\($0.sort):\($0.kind)" }
        #expect(
            kinds == [
                "check:script", "check:http", "check:tcp", "check:udp", "check:ttl",
                "check:alias", "check:docker", "check:os_service", "handler:script",
                "handler:http", "event:_rexec", "command:exec", "command:lock", "command:lock list",
                "command:lock show", "command:lock break",
            ])
        #expect(throws: PluginAPIError.self) {
            _ = try PluginRegistry(StandardPlugins.all() + StandardPlugins.all())
        }
    }

    @Test func definitionHasOneType() throws {
        let registry = try PluginRegistry(StandardPlugins.all())
        var definition = CheckDefinition()
        #expect(throws: PluginAPIError.noCheckType) { _ = try registry.checkType(for: definition) }
        definition.http = "http://a"
        #expect(try registry.checkType(for: definition).kind == "http")
        definition.tcp = "a:1"
        #expect(throws: PluginAPIError.severalCheckTypes(["http", "tcp"])) {
            _ = try registry.checkType(for: definition)
        }
        #expect(
            registry.problems(in: definition) == [
                CheckDefinition.intervalFault,
                DefinitionProblem("", "Check must be of one type, this is http and tcp"),
            ])
        definition.type = "disk"
        #expect(throws: PluginAPIError.unknownCheckType("disk")) {
            _ = try registry.checkType(for: definition)
        }
    }
}

struct CheckTypeChoiceTests {
    @Test func checkWithoutTypeOrOfUnknownTypeIsNamed() throws {
        let registry = try PluginRegistry(StandardPlugins.all())
        var definition = CheckDefinition()
        let messages = registry.problems(in: definition).map { $0.message }
        #expect(messages == ["\(PluginAPIError.noCheckType)"])
        definition.grpc = "127.0.0.1:1"
        #expect(
            registry.problems(in: definition).map { $0.message }
                == [
                    CheckDefinition.intervalFault.message,
                    "gRPC checks are not supported yet: use a tcp check, or a plugin",
                ])
    }
}
