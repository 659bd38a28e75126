import ConsulModel
import LocalAgent
import PluginAPI
import Primitives
import TestKit
import Testing
import Watch
import Wire

/// Watches that the API adds and removes, and the check of their handler.
@Suite struct AddedWatchesTests {
    private struct Scene {
        let handlers = ScriptedHandlers()
        let backend = ScriptedBackend()
        let local = LocalState(
            nodeName: "here", now: { Instant.zero }, wallText: { "now" })
        let registry: PluginRegistry
        let watches: WatchManager

        init(directory: String = "") throws {
            registry = try PluginRegistry([
                Plugin(
                    name: "test", version: "1",
                    contributions: [
                        .handlerKind(handlers), .handlerKind(ScriptedHandlers(kind: "http")),
                    ])
            ])
            let files = RegistrationFiles(directory: directory)
            try files.makeFolders()
            watches = WatchManager(
                dependencies: WatchRunner.Dependencies(
                    reader: WatchReader(
                        backend: backend, events: UserEventBuffer(), local: local,
                        members: MemberFeed([])),
                    clock: ManualClock(), store: files, wallText: { "now" },
                    logger: silentLogger, environment: [:], health: WatchHealth(local: local)),
                context: HandlerContext(processes: NoCapabilities(), http: NoCapabilities()))
        }

        func apply(_ json: String..., allowsPrograms: Bool = true) throws {
            var rules = AddedWatchRules()
            rules.allowsPrograms = allowsPrograms
            rules.deadLetterFolder = "/var/dead"
            try watches.apply(
                try json.map { try Self.read($0) }, registry: registry, rules: rules)
        }

        func add(_ json: String) throws -> String { try watches.add(try Self.read(json)) }

        private static func read(_ json: String) throws -> WatchDefinition {
            try JSONReader.decode(from: Array(json.utf8))
        }

        var ids: [String] { watches.statuses.map { $0.id } }
    }

    private static let added = #"{"type":"key","key":"a","args":["h"],"health_check":true}"#

    @Test func addedWatchSurvivesReloadsAndIsRemoved() async throws {
        let scene = try Scene()
        try scene.apply(#"{"id":"own","type":"key","key":"b","args":["x"]}"#)
        #expect(try scene.add(Self.added) == "key:a")
        try scene.apply(#"{"id":"own","type":"key","key":"b","args":["x"]}"#)
        #expect(scene.ids == ["key:a", "own"])
        try scene.watches.remove("key:a")
        #expect(scene.ids == ["own"])
        #expect(throws: ConsulError(.notFound, "no watch named \"key:a\"")) {
            try scene.watches.remove("key:a")
        }
        await scene.watches.shutDown()
    }

    @Test func configuredWatchesCannotBeChangedByTheAPI() async throws {
        let scene = try Scene()
        try scene.apply(#"{"id":"own","type":"key","key":"b","args":["x"]}"#)
        #expect(throws: ConsulError.self) {
            _ = try scene.add(#"{"id":"own","type":"key","key":"c","args":["y"]}"#)
        }
        #expect(throws: ConsulError.self) { try scene.watches.remove("own") }
        #expect(throws: ConsulError(.badRequest, "key: Must specify a single key to watch")) {
            _ = try scene.add(#"{"type":"key","args":["y"]}"#)
        }
        #expect(scene.watches.statuses[0].definition.source.key == "b")
        await scene.watches.shutDown()
    }

    @Test func addedWatchesAreRestoredAfterARestart() async throws {
        let scratch = try TestFolder()
        let first = try Scene(directory: scratch.path)
        try first.apply()
        _ = try first.add(Self.added)
        await first.watches.shutDown()
        let second = try Scene(directory: scratch.path)
        try second.apply()
        var broken: [String] = []
        second.watches.restoreAdded { broken.append($0) }
        #expect(second.ids == ["key:a"])
        #expect(broken.isEmpty)
        await second.watches.shutDown()
    }

    /// Refuses with 403 every definition with a program, a plugin or a file.
    @Test(arguments: [
        #""args": ["h"]"#, #""handler": "h""#, #""handler_type": "script""#,
        #""handler_type": "mail""#, #""handler_type": "http", "handler_config": {"to": "x"}"#,
        #""handler_type": "http", "args": ["h"]"#,
        #""handler_type": "http", "retry": {"max": 1, "dead_letter": "/etc/cron.d/x"}"#,
        #""handler_type": "http", "retry": {"max": 1, "dead_letter": "x"}"#,
        #""handler_type": "http", "sandbox": {"working_directory": "/"}"#,
    ])
    func programsAndFilesRequireTheRight(_ fields: String) async throws {
        let scene = try Scene()
        try scene.apply(allowsPrograms: false)
        let error = try #require(throws: ConsulError.self) {
            _ = try scene.add(#"{"type": "key", "key": "a", \#(fields)}"#)
        }
        #expect(error.kind == .permissionDenied, "\(error)")
        #expect(scene.ids.isEmpty)
        _ = try scene.add(#"{"type": "key", "key": "a", "handler_type": "http"}"#)
        #expect(scene.ids == ["key:a"])
        await scene.watches.shutDown()
    }

    @Test(arguments: ["/etc/passwd", "../x", "/var/dead/../x", "/var/dead/", "a/b", "..", "a\0b"])
    func deadLettersOfAddedWatchesStayInTheirFolder(_ path: String) async throws {
        let scene = try Scene()
        try scene.apply()
        var definition = WatchDefinition()
        definition.source.type = "key"
        definition.source.key = "a"
        definition.handlerType = "http"
        definition.retry = RetryDefinition()
        definition.retry?.deadLetter = path
        let error = try #require(throws: ConsulError.self) {
            _ = try scene.watches.add(definition)
        }
        #expect(error.kind == .badRequest, "\(error)")
        for good in ["lost", "/var/dead/lost"] {
            definition.retry?.deadLetter = good
            let id = try scene.watches.add(definition)
            let shown = scene.watches.status(of: id)?.definition.retry?.deadLetter
            #expect(shown == "/var/dead/lost")
        }
        await scene.watches.shutDown()
    }

    /// Neither a restart nor a reload gives a watch a right that its client has lost.
    @Test func lostRightStopsTheWatch() async throws {
        let scratch = try TestFolder()
        let first = try Scene(directory: scratch.path)
        try first.apply()
        _ = try first.add(Self.added)
        try first.apply(allowsPrograms: false)
        #expect(first.ids.isEmpty)
        try first.apply()
        #expect(first.ids == ["key:a"])
        await first.watches.shutDown()
        let second = try Scene(directory: scratch.path)
        try second.apply(allowsPrograms: false)
        var broken: [String] = []
        second.watches.restoreAdded { broken.append($0) }
        #expect(second.ids.isEmpty)
        #expect(broken.count == 1 && broken[0].contains("enable_script_checks"))
        await second.watches.shutDown()
    }

    @Test func watchCheckShowsTheHandlersOutcome() async throws {
        let scene = try Scene()
        try scene.apply()
        _ = try scene.add(Self.added)
        let id = "watch:key:a"
        #expect(scene.local.check(id)?.check.status == "passing")
        for (run, status) in [(1, "warning"), (2, "warning"), (3, "critical")] {
            try await eventually("run \(run)") { scene.handlers.runs.count == run }
            scene.handlers.end(run, failure: "exit status 1")
            try await eventually("\(status) after \(run)") {
                scene.local.check(id)?.check.status == status
                    && scene.watches.status(of: "key:a")?.failures == UInt64(run)
            }
            #expect(scene.watches.trigger("key:a"))
        }
        try await eventually("run 4") { scene.handlers.runs.count == 4 }
        scene.handlers.end(4)
        try await eventually("passing") { scene.local.check(id)?.check.status == "passing" }
        try scene.watches.remove("key:a")
        #expect(scene.local.check(id) == nil)
        await scene.watches.shutDown()
    }
}
