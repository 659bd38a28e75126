import ConsulModel
import Glibc
import PluginAPI
import PluginKit
import Primitives
import TestKit
import Testing
import Wire

@testable import ConsulAgent
@testable import ConsulConfig
@testable import ExternalPlugins

/// Programs and configuration together: start, validate, reload.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PluginHostTests {
    private let plugins: TempFolder
    private let settings: TempFolder

    init() throws { (plugins, settings) = (try TempFolder(), try TempFolder()) }

    private func sources(_ yaml: String) -> ConfigSources {
        let place = settings.write(
            "a.yaml",
            "data_dir: \(settings.path)\nbind_addr: 127.0.0.1\n"
                + "plugin_dir: \(plugins.path)\n\(yaml)")
        return ConfigSources(locations: [.file(place)], flags: [])
    }

    private let good = "check: {name: a, type: good, interval: 1s}\n"

    private func texts(_ outcome: LoadOutcome) -> [String] { outcome.errors.map { "\($0)" } }

    @Test func definitionsAreValidatedWithTheProgramsTypes() async throws {
        _ = plugins.program("good", script("good", goodBranch))
        let host = try PluginHost(builtIn: [])
        let outcome = await host.open(sources(good))
        #expect(texts(outcome) == [])
        #expect(host.statuses.map { $0.state } == ["loaded"])
        #expect(host.registry.plugins.map { $0.name } == ["good"])

        let wrong = await host.validate(
            sources(
                "check:\n  name: a\n  type: good\n  interval: 1s\n  tcp: a:1\n"
                    + "  config: {mode: 1, x: 2}\n"), scope: .agent)
        try #require(texts(wrong).count == 3)
        #expect(texts(wrong)[0].hasSuffix("check.tcp: is not valid in a check of type \"good\""))
        #expect(
            texts(wrong)[1].contains("check.config.mode: expected a string, found the number 1"))
        #expect(texts(wrong)[2].contains("check.config.x: unknown key (known are mode)"))
        #expect(texts(wrong)[1].contains("a.yaml:9:"))
        await host.stop()
    }

    @Test func missingTypeIsAnErrorThatNamesItAndTheFailedProgram() async throws {
        let file = plugins.program("dead", "exit 3")
        let host = try PluginHost(builtIn: [])
        let text = good + "watches: [{type: nodes, handler_type: other}]\n"
        // A start continues without the program.
        let start = await host.open(sources(text))
        #expect(start.config != nil && start.tolerated.count == 2)
        #expect(host.statuses.map { $0.state } == ["failed"])
        let outcome = await host.validate(sources(text), scope: .agent)
        #expect(outcome.config == nil)
        let all = texts(outcome).joined(separator: "\n")
        #expect(all.contains("no plugin provides checks of type \"good\""))
        #expect(all.contains("Handler type 'other' not recognized"))
        #expect(all.contains("\(file.path)"))
        #expect(all.contains("is not used: the program ended: exit status 3"))
        await host.stop()
    }

    @Test func unneededFailedProgramStopsNothing() async throws {
        _ = plugins.program("dead", "exit 3")
        plugins.write("README", "no program", mode: 0o644)
        let host = try PluginHost(builtIn: [])
        #expect(await host.open(sources("")).config != nil)
        #expect(host.statuses.map { $0.state } == ["failed"])
        await host.stop()
    }

    @Test func wrongConfigurationStartsNothing() async throws {
        let file = plugins.program("good", script("good", goodBranch))
        let host = try PluginHost(builtIn: [])
        let outcome = await host.open(sources(good + "nonsense: 1\n"))
        #expect(texts(outcome).count == 1)
        #expect(access("\(file.path).pid", F_OK) != 0)
        let partial = await host.validate(sources(good), scope: .partial)
        #expect(partial.config != nil)
        #expect(partial.warnings.contains { "\($0)".contains("not validated") })
        #expect(access("\(file.path).pid", F_OK) != 0)
        await host.stop()
    }

    @Test func duplicateKindIsRefusedAndTheFirstKeepsIt() async throws {
        _ = plugins.program("a", script("good", goodBranch))
        let second = plugins.program("b", script("good", goodBranch))
        let host = try PluginHost(builtIn: [])
        #expect(await host.open(sources(good)).config != nil)
        #expect(host.statuses.map { $0.state } == ["loaded", "failed"])
        #expect(
            host.statuses[1].error
                == "provides check:good, which \(plugins.path)/a provides already")
        try await eventually("the second is gone") {
            !isAlive(Int32(plugins.read("b.pid").filter { $0.isNumber }) ?? 0)
        }
        #expect(second.path.hasSuffix("/b"))
        await host.stop()
    }

    @Test func reloadKeepsStartsReplacesAndStops() async throws {
        let pid = { (name: String) in
            Int32(plugins.read("\(name).pid").filter { $0.isNumber }) ?? 0
        }
        _ = plugins.program("keep", script("keep", goodBranch))
        _ = plugins.program("swap", script("swap", goodBranch))
        _ = plugins.program("drop", script("drop", goodBranch))
        let host = try PluginHost(builtIn: [])
        #expect(await host.open(sources("")).config != nil)
        let (kept, swapped, dropped) = (pid("keep"), pid("swap"), pid("drop"))
        #expect(isAlive(kept) && isAlive(swapped) && isAlive(dropped))

        _ = plugins.program("swap", "# another\n" + script("swap", goodBranch))
        _ = plugins.program("new", script("new", goodBranch))
        unlink("\(plugins.path)/drop")
        let loaded = await host.load(sources(""))
        #expect(isAlive(dropped))
        let old = host.install(loaded)
        #expect(
            loaded.pluginChanges(from: old) == [
                "plugin \(plugins.path)/new: added", "plugin \(plugins.path)/swap: changed",
                "plugin \(plugins.path)/drop: removed",
            ])
        await host.release(old)
        try await eventually("the old are gone") { !isAlive(swapped) && !isAlive(dropped) }
        #expect(pid("keep") == kept && isAlive(kept))
        #expect(host.statuses.map { $0.name } == ["keep", "new", "swap"])
        #expect(host.statuses.allSatisfy { $0.state == "loaded" })

        // A refused reload changes nothing and leaves no process behind.
        _ = plugins.program("extra", script("extra", goodBranch))
        let refused = await host.load(sources(good))
        #expect(refused.outcome.config == nil)
        let extra = pid("extra")
        #expect(isAlive(extra))
        await host.discard(refused)
        try await eventually("the extra is gone") { !isAlive(extra) }
        #expect(host.statuses.map { $0.name } == ["keep", "new", "swap"])
        let all = ["keep", "new", "swap"].map(pid)
        await host.stop()
        try await eventually("all are gone") { !all.contains { isAlive($0) } }
    }

    @Test func checksContinueWithTheReplacedProgram() async throws {
        let bench = try Bench()
        let first = bench.folder.program("p", script("p", goodBranch))
        let registry = try await bench.load([first])
        var definition = CheckDefinition()
        definition.type = "p"
        let check = try registry.checkType(for: definition)
            .polled(definition, Scripted())
        #expect(await check.probe(timeout: .seconds(5)).output == "fine")
        let other = bench.folder.program(
            "p", script("p", "'{\"type\":\"probe\",'*) result \"$(id \"$line\")\" warning new ;;"))
        _ = try await bench.load([other])
        #expect(await check.probe(timeout: .seconds(5)) == CheckObservation(.warning, "new"))
        _ = try await bench.load([])
        #expect(
            await check.probe(timeout: .seconds(5))
                == CheckObservation(.critical, "no plugin provides checks of type \"p\""))
    }
}

/// The shipped example programs.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ExampleTests {
    private static let folder =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/Plugins/Examples"

    private func example(_ name: String) -> ProgramFile {
        ProgramFile(path: "\(Self.folder)/\(name)", stamp: "1")
    }

    @Test func diskSpace() async throws {
        let bench = try Bench()
        let registry = try await bench.load([example("disk-space.py")])
        #expect(bench.status().error == "")
        let all: [String: JSONValue] = ["path": .string("/"), "critical_percent": .integer(0)]
        let full = try await bench.probe("disk", registry, config: all)
        #expect(full.status == .critical)
        #expect(full.output.hasPrefix("/ is "))
        #expect(full.output.contains("% full, "))
        let wide: [String: JSONValue] = [
            "path": .string("/"), "warn_percent": .integer(101), "critical_percent": .integer(101),
        ]
        #expect(try await bench.probe("disk", registry, config: wide).status == .passing)
        let none = try await bench.probe("disk", registry, config: ["path": .string("/nowhere")])
        #expect(none == CheckObservation(.critical, "/nowhere: No such file or directory"))
        var definition = CheckDefinition()
        definition.type = "disk"
        definition.interval = .seconds(1)
        #expect(
            registry.problems(in: definition) == [
                DefinitionProblem("config.path", "is required")
            ])
        await bench.programs.stop()
    }

    @Test func fileAge() async throws {
        let bench = try Bench()
        let registry = try await bench.load([example("file-age.sh")])
        #expect(bench.status().provides == ["check:file-age", "handler:append-file"])
        let fresh = bench.folder.write("fresh", "x")
        func settings(_ path: String) -> [String: JSONValue] {
            ["path": .string(path), "max_minutes": .integer(5)]
        }
        #expect(
            try await bench.probe("file-age", registry, config: settings(fresh))
                == CheckObservation(.passing, "\(fresh) was changed within 5 minutes"))
        var times = [timeval(tv_sec: 1000, tv_usec: 0), timeval(tv_sec: 1000, tv_usec: 0)]
        utimes(fresh, &times)
        #expect(
            try await bench.probe("file-age", registry, config: settings(fresh))
                == CheckObservation(.critical, "\(fresh) is older than 5 minutes"))
        #expect(
            try await bench.probe("file-age", registry, config: settings("/nowhere"))
                == CheckObservation(.critical, "/nowhere does not exist"))
        #expect(
            try await bench.probe("file-age", registry, config: settings("/a\"b")).output
                == "path has characters that this program does not read")
        await bench.programs.stop()
    }

    @Test func appendFile() async throws {
        let bench = try Bench()
        let registry = try await bench.load([example("file-age.sh")])
        let kind = try #require(registry.handlerKind(named: "append-file"))
        var definition = WatchDefinition()
        definition.handlerType = "append-file"
        #expect(
            kind.problems(in: definition) == [
                DefinitionProblem("handler_config.path", "is required")
            ])
        let file = "\(bench.folder.path)/out"
        definition.handlerConfig = ["path": .string(file)]
        #expect(kind.problems(in: definition).isEmpty)
        let handler = try kind.make(definition, in: Scripted().handlerContext)
        let payload =
            #"{"id":9,"config":{"path":"/etc/x"},"payload":"\"","n":12345678901234567890}"#
        for _ in 0..<2 {
            let outcome = await handler.run(
                HandlerInput(
                    payload: Array("\(payload)\n".utf8), index: "7",
                    environment: ["X": "\"payload\":{}"]))
            #expect(outcome == HandlerOutcome(code: 0, output: ""))
        }
        #expect(bench.folder.read("out") == "\(payload)\n\(payload)\n")
        definition.handlerConfig = ["path": .string("/nowhere/x")]
        let failed = try await kind.make(definition, in: Scripted().handlerContext).run(
            HandlerInput(payload: Array("1\n".utf8), index: "7", environment: [:]))
        #expect(failed.code == 1)
        #expect(failed.failure.contains("/nowhere/x"))
        await bench.programs.stop()
    }
}
