import ConsulModel
import LocalAgent
import PluginAPI
import Primitives
import TestKit
import Testing
import Watch
import Wire

/// Watches that come and go through the API, and the check that tells of their handler.
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
                Plugin(name: "test", version: "1", contributions: [.handlerKind(handlers)])
            ])
            let files = RegistrationFiles(directory: directory)
            try files.makeFolders()
            watches = WatchManager(
                around: WatchRunner.Surroundings(
                    reader: WatchReader(
                        backend: backend, events: UserEventBuffer(), local: local),
                    clock: ManualClock(), store: files, wallText: { "now" },
                    logger: silentLogger, environment: [:], health: WatchHealth(local: local)),
                context: HandlerContext(processes: Nothing(), http: Nothing()))
        }

        func apply(_ json: String...) throws {
            try watches.apply(try json.map { try Self.read($0) }, registry: registry)
        }

        func add(_ json: String) throws -> String { try watches.add(try Self.read(json)) }

        private static func read(_ json: String) throws -> WatchDefinition {
            try JSONReader.decode(from: Array(json.utf8))
        }

        var ids: [String] { watches.statuses.map { $0.id } }
    }

    private static let added = #"{"type":"key","key":"a","args":["h"],"health_check":true}"#

    @Test func anAddedWatchSurvivesReloadsAndIsRemoved() async throws {
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

    @Test func theConfigurationsWatchesAreItsOwn() async throws {
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

    @Test func addedWatchesComeBackAfterARestart() async throws {
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

    @Test func itsCheckTellsHowTheHandlerFares() async throws {
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
