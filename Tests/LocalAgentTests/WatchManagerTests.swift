import ConsulModel
import LocalAgent
import PluginAPI
import Primitives
import Synchronization
import TestKit
import Testing
import Watch
import Wire

@Suite struct WatchManagerTests {
    private struct Scene {
        let clock = ManualClock()
        let backend = ScriptedBackend()
        let events = UserEventBuffer()
        let handlers = ScriptedHandlers()
        let registry: PluginRegistry
        let files: RegistrationFiles
        let watches: WatchManager

        init(files: RegistrationFiles = RegistrationFiles(directory: "")) throws {
            registry = try PluginRegistry([
                Plugin(name: "test", version: "1", contributions: [.handlerKind(handlers)])
            ])
            self.files = files
            let clock = clock
            let local = LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
            watches = WatchManager(
                dependencies: WatchRunner.Dependencies(
                    reader: WatchReader(
                        backend: backend, events: events, local: local,
                        members: MemberFeed([])),
                    clock: clock, store: files, wallText: { "now" }, logger: silentLogger,
                    environment: [:]),
                context: HandlerContext(processes: NoCapabilities(), http: NoCapabilities()))
        }

        @discardableResult
        func apply(_ json: String...) throws -> WatchManager.Difference {
            try watches.apply(
                json.map { try JSONReader.decode(WatchDefinition.self, from: Array($0.utf8)) },
                registry: registry)
        }

        func fire(_ number: Int) {
            var event = UserEvent()
            event.id = "00000000-0000-0000-0000-00000000000\(number)"
            event.name = "deploy"
            events.append(event)
        }

        func runs(_ count: Int) async throws -> [String] {
            try await eventually("\(count) runs; so far \(handlers.runs)") {
                handlers.runs.count >= count
            }
            return handlers.runs
        }
    }

    private static func key(_ id: String, _ handler: String, _ more: String = "") -> String {
        #"{"id":"\#(id)","type":"key","key":"a","args":["\#(handler)"]\#(more)}"#
    }
    private static func events(_ handler: String, _ more: String = "") -> String {
        #"{"id":"e","type":"event","args":["\#(handler)"]\#(more)}"#
    }

    @Test func faultOfADefinitionIsShownUntilAHandlerSucceeds() async throws {
        let scene = try Scene()
        let definitions = try [
            Self.key("absent", "h1"), #"{"id":"held","type":"checks","state":"foo","args":["x"]}"#,
        ].map { try JSONReader.decode(WatchDefinition.self, from: Array($0.utf8)) }
        try scene.watches.apply(
            definitions,
            tolerated: [
                [DefinitionProblem("watches[0].args[0]", "no such file", .shows)],
                [DefinitionProblem("watches[1].state", "Unsupported state: foo")],
            ], registry: scene.registry)
        let failed = try #require(scene.watches.status(of: "held"))
        #expect(failed.state == "failed" && failed.type == "checks" && failed.handler == "script")
        #expect(failed.error == "watches[1].state: Unsupported state: foo")
        #expect(scene.watches.statuses.map { $0.id } == ["absent", "held"])
        // The other watch runs; its fault is cleared once a handler has succeeded.
        _ = try await scene.runs(1)
        #expect(scene.watches.status(of: "absent")?.error == "watches[0].args[0]: no such file")
        scene.handlers.end(1)
        try await eventually("the fault is forgotten") {
            scene.watches.status(of: "absent")?.error == ""
        }
        // A reload has no faults.
        try scene.watches.apply(
            [definitions[0]], registry: scene.registry)
        #expect(scene.watches.statuses.map { $0.id } == ["absent"])
    }

    @Test func unchangedWatchContinuesUndisturbed() async throws {
        let scene = try Scene()
        try scene.apply(Self.key("one", "h1"), Self.key("two", "h2"))
        _ = try await scene.runs(2)
        scene.handlers.end(1)
        scene.handlers.end(2)
        try await eventually("both wait") { scene.backend.parkedCount == 2 }
        for turn in 0..<20 {
            let difference = try scene.apply(Self.key("one", "h1"), Self.key("two", "h3-\(turn)"))
            #expect(difference.unchanged == ["one"] && difference.changed == ["two"])
            _ = try await scene.runs(3 + turn)
            scene.handlers.end(3 + turn)
        }
        #expect(scene.handlers.runs.filter { $0.hasPrefix("h1") }.count == 1)
        #expect(scene.watches.status(of: "one")?.fires == 1)
        // The stopped watches have cancelled their queries.
        try await eventually("two queries are parked") { scene.backend.parkedCount == 2 }
        let difference = try scene.apply(Self.key("three", "h4"))
        #expect(difference.added == ["three"] && difference.removed == ["one", "two"])
        try await eventually("one query is parked") { scene.backend.parkedCount == 1 }
        await scene.watches.shutDown()
        try await eventually("none is parked") { scene.backend.parkedCount == 0 }
    }

    @Test func faultyWatchChangesNothing() async throws {
        let scene = try Scene()
        try scene.apply(Self.key("one", "h1"))
        _ = try await scene.runs(1)
        #expect(throws: ConsulError.self) {
            try scene.apply(Self.key("two", "h2"), #"{"type":"no-such-type","args":["h"]}"#)
        }
        #expect(throws: ConsulError.self) {
            try scene.apply(#"{"type":"key","key":"a","handler_type":"none"}"#)
        }
        #expect(scene.watches.statuses.map { $0.id } == ["one"])
        await scene.watches.shutDown()
    }

    @Test func changedWatchKeepsItsPredecessorsMemory() async throws {
        let scene = try Scene()
        scene.fire(1)
        try scene.apply(Self.events("old"))
        _ = try await scene.runs(1)
        // These wait for the run to end; it ends after the change.
        scene.fire(2)
        scene.fire(3)
        try scene.apply(Self.events("new"))
        let runs = try await scene.runs(2)
        #expect(runs[0].hasPrefix("old") && runs[1].hasPrefix("new"))
        #expect(!runs[1].contains("000001\""))
        #expect(runs[1].contains("000002\"") && runs[1].contains("000003\""))
        scene.handlers.end(1)
        scene.handlers.end(2)
        scene.fire(4)
        let after = try await scene.runs(3)
        #expect(after.count == 3 && after[2].hasPrefix("new") && after[2].contains("000004\""))
        await scene.watches.shutDown()
    }

    @Test func queuedEventIsLeftToTheSuccessor() async throws {
        let scene = try Scene()
        scene.fire(1)
        try scene.apply(Self.events("old", #","on_busy":"queue""#))
        _ = try await scene.runs(1)
        scene.fire(2)
        let one = try #require(scene.watches.status(of: "e"))
        #expect(one.state == "running")
        try scene.apply(Self.events("new"))
        let runs = try await scene.runs(2)
        #expect(runs[1].hasPrefix("new") && runs[1].contains("000002\""))
        #expect(!runs[1].contains("000001\""))
        await scene.watches.shutDown()
    }

    @Test func stoppedWatchStartsNoRunAndPersistsNothing() async throws {
        let scratch = try TestFolder()
        let files = RegistrationFiles(directory: scratch.path)
        try files.makeFolders()
        let scene = try Scene(files: files)
        scene.fire(1)
        try scene.apply(Self.events("old"))
        _ = try await scene.runs(1)
        scene.fire(2)
        try scene.apply()
        scene.handlers.end(1)
        try scene.apply(Self.events("new"))
        let runs = try await scene.runs(2)
        #expect(runs[1].contains("000002\"") && !runs[1].contains("000001\""))
        #expect(files.memory(of: "e").handledEvents.count == 2)
        await scene.watches.shutDown()
        #expect(scene.handlers.runs.count == 2)
    }

    @Test func shutDownKillsRunsAlsoOfRemovedWatches() async throws {
        let scene = try Scene()
        try scene.apply(Self.key("one", "h1"), Self.key("two", "h2"))
        _ = try await scene.runs(2)
        #expect(scene.watches.pause("two"))
        try await eventually("it is paused") { scene.watches.status(of: "two")?.state == "paused" }
        try scene.apply(Self.key("one", "h1"))
        try scene.apply()
        // Returns only once both have ended.
        await scene.watches.shutDown()
        #expect(scene.watches.statuses.isEmpty)
    }

    @Test func failedQueryIsRetriedWithoutFiring() async throws {
        let scene = try Scene()
        scene.backend.state.withLock { $0.failures = 1 }
        try scene.apply(Self.key("one", "h1"))
        try await eventually("the error is shown") {
            scene.watches.status(of: "one")?.state == "failing"
        }
        try await eventually("it waits") { scene.clock.sleepers(within: .seconds(5)) > 0 }
        scene.clock.advance(.seconds(5))
        _ = try await scene.runs(1)
        scene.handlers.end(1)
        try await eventually("it is well") { scene.watches.status(of: "one")?.state == "waiting" }
        #expect(scene.watches.status(of: "one")?.queryError == "")
        await scene.watches.shutDown()
        #expect(scene.handlers.runs.count == 1)
    }

    @Test func lastFailureIsADeadLetter() async throws {
        let scratch = try TestFolder()
        let scene = try Scene(files: RegistrationFiles(directory: scratch.path))
        let path = "\(scratch.path)/dead"
        try scene.apply(
            Self.key(
                "one", "h1",
                #","retry":{"max":1,"min_backoff":"1s","dead_letter":"\#(path)"}"#))
        _ = try await scene.runs(1)
        scene.handlers.end(1, failure: "exit status 3")
        try await eventually("it waits") { scene.clock.sleepers(within: .seconds(1)) > 0 }
        scene.clock.advance(.seconds(1))
        _ = try await scene.runs(2)
        scene.handlers.end(2, failure: "exit status 3")
        try await eventually("the dead letter is counted") {
            scene.watches.status(of: "one")?.deadLetters == 1
        }
        let status = try #require(scene.watches.status(of: "one"))
        #expect(status.runs.map { $0.attempt } == [0, 1])
        #expect(status.failures == 2)
        await scene.watches.shutDown()
    }

    @Test func watchesGetDistinctNames() async throws {
        let scene = try Scene()
        let json = #"{"type":"key","key":"a","args":["x"]}"#
        try scene.apply(json, json, json)
        let ids = scene.watches.statuses.map { $0.id }.sorted()
        #expect(ids == ["key:a", "key:a#2", "key:a#3"])
        await scene.watches.shutDown()
    }
}
