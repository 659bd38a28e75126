import ConsulModel
import Dispatch
import LocalAgent
import NIOCore
import NIOPosix
import PluginAPI
import Primitives
import TestKit
import Testing
import Wire

@testable import LocalAgent
@testable import Watch

@Suite struct WatchInboxTests {
    private static func answer(_ source: Int, _ index: UInt64) -> WatchInbox.Event {
        .input(
            .answer(
                source: source, WatchAnswer(index: .index(index), content: .init(.single, []))))
    }

    private static func texts(_ inbox: WatchInbox) -> [String] {
        inbox.events.map { event in
            switch event {
            case .input(.answer(let source, let answer)): "answer \(source) \(answer.index)"
            case .input(let input): "\(input)"
            case .queryFailed(let source, _): "failed \(source)"
            case .queryDue(let source): "due \(source)"
            case .runEnded(let run, _): "ended \(run.firing.number)"
            }
        }
    }

    private static func end(_ number: UInt64) -> WatchInbox.Event {
        let firing = WatchFiring(
            number: number, payload: [], index: .index(1), environment: [:])
        return .runEnded(
            HandlerRun(firing: firing, startedAt: .zero),
            HandlerOutcome(code: nil, output: "", failure: ""))
    }

    @Test func newerAnswerReplacesThePendingOneOfItsSource() {
        var inbox = WatchInbox()
        for event in [
            Self.answer(0, 1), Self.end(1), Self.answer(1, 1), .input(.woke), Self.answer(0, 2),
            .input(.woke),
        ] { inbox.add(event) }
        #expect(Self.texts(inbox) == ["answer 0 2", "ended 1", "answer 1 1", "woke"])
    }

    @Test func controlsKeepTheirEffectAndEndsOfRunsStay() {
        var inbox = WatchInbox()
        inbox.add(Self.end(1))
        for turn in 0..<10_000 {
            inbox.add(.input(turn % 3 == 0 ? .trigger : turn % 3 == 1 ? .pause : .resume))
        }
        inbox.add(Self.end(2))
        #expect(inbox.events.count <= Limits.watchControlsMax + 2)
        let texts = Self.texts(inbox)
        #expect(texts.first == "ended 1" && texts.last == "ended 2")
        // The order of the newest trigger and the newest setting is kept.
        #expect(texts.dropLast().suffix(2) == ["resume", "trigger"])
    }

    /// The loop is blocked while a run ends and more controls arrive than the inbox holds.
    @Test func runEndsWhenTheInboxOverflows() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let handlers = ScriptedHandlers()
        let clock = ManualClock()
        let local = LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
        let definition = try JSONReader.decode(
            WatchDefinition.self, from: Array(#"{"type":"key","key":"a","args":["h"]}"#.utf8))
        let runner = try WatchRunner(
            definition, id: "w",
            handler: handlers.make(
                definition,
                in: HandlerContext(processes: NoCapabilities(), http: NoCapabilities())),
            handlerName: "script",
            dependencies: WatchRunner.Dependencies(
                reader: WatchReader(
                    backend: ScriptedBackend(), events: UserEventBuffer(), local: local,
                        members: MemberFeed([])),
                clock: clock, store: RegistrationFiles(directory: ""), wallText: { "now" },
                logger: silentLogger, environment: [:], loops: group))
        runner.start(inheriting: WatchMemory())
        try await eventually("the handler runs") { handlers.runs.count == 1 }
        let release = DispatchSemaphore(value: 0)
        group.next().execute { release.wait() }
        // Returns once the end of the run is in the inbox.
        await runner.killHandlers()
        for _ in 0..<10_000 { runner.pause() }
        release.signal()
        try await eventually("the run is over") { !runner.isRunningHandlers }
        #expect(runner.status.runs.map { $0.isRunning } == [false])
        runner.stop()
        try await group.shutdownGracefully()
    }
}
