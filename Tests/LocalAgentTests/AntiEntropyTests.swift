import ConsulModel
import LocalAgent
import Primitives
import Synchronization
import TestKit
import Testing

/// The catalog follows the agent's state.
@Suite struct AntiEntropyTests {
    private struct Scene {
        let clock = ManualClock()
        let backend = ScriptedBackend()
        let local: LocalState
        let sync: AntiEntropy

        init(outputInterval: GoDuration = .minutes(5)) {
            let clock = clock
            local = LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
            var node = Node()
            node.node = "here"
            node.address = "127.0.0.1"
            sync = AntiEntropy(
                local: local, backend: backend, clock: clock, logger: silentLogger,
                checkUpdateInterval: outputInterval, node: { [node] in node })
        }

        func add(service name: String, port: Int = 0) {
            var definition = ServiceDefinition()
            definition.name = name
            definition.port = port
            local.addService(definition, service: definition.nodeService, source: .api)
        }

        func add(check id: String, status: String = "critical", service: String = "") {
            var check = HealthCheck()
            check.node = "here"
            check.checkID = id
            check.status = status
            check.serviceID = service
            local.addCheck(CheckDefinition(), check: check, source: .api)
        }

        /// Runs the loop until the body is done.
        func running(_ body: () async throws -> Void) async throws {
            let task = Task { await sync.run() }
            do {
                try await body()
            } catch {
                task.cancel()
                throw error
            }
            task.cancel()
            await task.value
        }

        /// Returns the writes since the last call, once there are `count` lines.
        func sent(_ count: Int) async throws -> [String] {
            var lines: [String] = []
            try await eventually("\(count) lines are sent; so far \(lines)") {
                lines += backend.takeLog()
                return lines.count >= count
            }
            return lines
        }

        func isAtRest() -> Bool {
            local.services.values.allSatisfy { $0.isInSync }
                && local.checks.values.allSatisfy { $0.isInSync }
                && local.removed.services.isEmpty && local.removed.checks.isEmpty
        }
    }

    @Test func missingEntriesAreRegistered() async throws {
        let scene = Scene()
        scene.add(service: "web")
        scene.add(check: "c1", service: "web")
        scene.add(check: "c2")
        try await scene.running {
            let sent = try await scene.sent(4)
            #expect(
                sent == ["node here", "service web", "check c1 critical ", "check c2 critical "])
            try await eventually("all is in sync") { scene.isAtRest() }
        }
    }

    @Test func changeIsSentAtOnceAndAlone() async throws {
        let scene = Scene()
        scene.add(service: "web")
        scene.add(check: "c1", service: "web")
        try await scene.running {
            _ = try await scene.sent(3)
            scene.local.updateCheck("c1", status: .passing, output: "well")
            #expect(try await scene.sent(1) == ["check c1 passing well"])
            scene.local.removeCheck("c1")
            #expect(try await scene.sent(1) == ["remove c1"])
            scene.local.removeService("web")
            #expect(try await scene.sent(1) == ["remove web"])
            scene.add(service: "web", port: 1)
            #expect(try await scene.sent(1) == ["service web"])
        }
    }

    @Test func settleWaitsUntilTheCatalogHasTheChanges() async throws {
        let scene = Scene()
        try await scene.running {
            for port in 1...50 {
                scene.add(service: "web", port: port)
                scene.add(check: "c\(port)", status: "passing", service: "web")
                await scene.sync.settle()
                let (service, check) = scene.backend.state.withLock {
                    ($0.services["web"]?.port, $0.checks["c\(port)"])
                }
                #expect(service == port && check != nil)
            }
            scene.local.removeService("web")
            await scene.sync.settle()
            #expect(scene.backend.state.withLock { $0.services["web"] } == nil)
        }
    }

    /// Servers that refuse, do not answer or are paused delay no request for long.
    @Test func settleIsBounded() async throws {
        let scene = Scene()
        try await scene.running {
            _ = try await scene.sent(1)
            scene.backend.state.withLock { $0.failures = 1 }
            scene.add(service: "web")
            await scene.sync.settle()
            scene.sync.pause()
            scene.add(service: "db")
            let waiting = Task { await scene.sync.settle() }
            try await eventually("it waits") { scene.sync.waiterCount == 1 }
            try await eventually("the wait ends with the clock") {
                scene.clock.advance(.seconds(1))
                return scene.sync.waiterCount == 0
            }
            await waiting.value
            let late = Task { await scene.sync.settle() }
            try await eventually("another waits") { scene.sync.waiterCount == 1 }
            late.cancel()
            await late.value
            #expect(scene.backend.state.withLock { $0.services["db"] } == nil)
        }
        await scene.sync.settle()  // no loop runs any more
    }

    /// The last of many close changes is sent: no change is missed between two passes.
    @Test func noChangeIsMissed() async throws {
        let scene = Scene()
        for number in 0..<8 { scene.add(check: "c\(number)") }
        try await scene.running {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        for turn in 0..<500 {
                            let status: CheckStatus = turn % 2 == 0 ? .passing : .warning
                            scene.local.updateCheck("c\(number)", status: status, output: "")
                            if turn % 50 == 0 { await Task.yield() }
                        }
                        scene.local.updateCheck("c\(number)", status: .critical, output: "end")
                    }
                }
            }
            try await eventually("the catalog has the last of each") {
                let checks = scene.backend.state.withLock { $0.checks }
                return checks.count == 8 && checks.values.allSatisfy { $0.status == "critical" }
            }
        }
    }

    @Test func differentEntriesAreUpdatedAndForeignOnesDeregistered() async throws {
        let scene = Scene()
        scene.add(service: "web", port: 80)
        scene.add(check: "c1", status: "passing")
        try await scene.running {
            _ = try await scene.sent(3)
            try await eventually("all is in sync") { scene.isAtRest() }
            scene.backend.state.withLock { state in
                state.services["web"]?.port = 81
                var foreign = NodeService()
                foreign.id = "foreign"
                state.services["foreign"] = foreign
                foreign.id = "consul"
                state.services["consul"] = foreign
                var check = HealthCheck()
                check.checkID = "strange"
                state.checks["strange"] = check
                check.checkID = "serfHealth"
                state.checks["serfHealth"] = check
                state.checks["c1"]?.status = "critical"
                state.node?.address = "9.9.9.9"
            }
            try await eventually("it waits") { scene.clock.sleepers(within: .minutes(1)) > 0 }
            scene.clock.advance(Limits.fullSyncInterval)
            #expect(
                try await scene.sent(5) == [
                    "node here", "remove foreign", "remove strange", "service web",
                    "check c1 passing ",
                ])
        }
    }

    @Test func newOutputAloneWaitsForTheInterval() async throws {
        let scene = Scene(outputInterval: .seconds(30))
        scene.add(check: "c1", status: "passing")
        scene.add(check: "c2", status: "passing")
        try await scene.running {
            _ = try await scene.sent(3)
            scene.local.updateCheck("c1", status: .passing, output: "one")
            scene.local.updateCheck("c1", status: .passing, output: "two")
            // A change that is sent at once marks the point after which the others would have been
            // sent.
            scene.local.updateCheck("c2", status: .warning, output: "")
            #expect(try await scene.sent(1) == ["check c2 warning "])
            try await eventually("it waits for that") {
                scene.clock.sleepers(within: .seconds(30)) > 0
            }
            scene.clock.advance(.seconds(30))
            #expect(try await scene.sent(1) == ["check c1 passing two"])
        }
    }

    @Test func comparisonIsRepeatedSoonerAfterAFailure() async throws {
        let scene = Scene()
        scene.add(service: "web")
        scene.backend.state.withLock { $0.failures = 2 }
        try await scene.running {
            for _ in 1...2 {
                try await eventually("it waits") {
                    scene.clock.sleepers(within: Limits.syncRetryInterval) > 0
                }
                scene.clock.advance(Limits.syncRetryInterval)
            }
            #expect(try await scene.sent(2) == ["node here", "service web"])
        }
    }

    @Test func refusedServiceDelaysNoOther() async throws {
        let scene = Scene()
        scene.backend.state.withLock { $0.refusedService = "a" }
        scene.add(service: "a")
        scene.add(service: "b")
        scene.add(check: "c1", service: "a")
        scene.add(check: "c2")
        scene.local.updateCheck("c1", status: .critical, output: "new")
        try await scene.running {
            #expect(
                try await scene.sent(3) == ["node here", "service b", "check c2 critical "])
            try await eventually("it waits for the retry") {
                scene.clock.sleepers(within: Limits.syncRetryInterval) > 0
            }
            #expect(scene.backend.state.withLock { $0.refusals } == 1)
            // A change of another item is sent at once; a new output does not trigger the retry.
            scene.local.updateCheck("c1", status: .critical, output: "newer")
            scene.local.updateCheck("c2", status: .passing, output: "")
            #expect(try await scene.sent(1) == ["check c2 passing "])
            let refusals = scene.backend.state.withLock { $0.refusals }
            scene.local.updateCheck("c1", status: .critical, output: "new")
            try await eventually("it waits for the retry") {
                scene.clock.sleepers(within: Limits.syncRetryInterval) > 0
            }
            #expect(scene.backend.state.withLock { $0.refusals } == refusals)
            scene.backend.state.withLock { $0.refusedService = nil }
            scene.clock.advance(Limits.syncRetryInterval)
            #expect(try await scene.sent(2) == ["service a", "check c1 critical new"])
            try await eventually("all is sent") { scene.isAtRest() }
        }
    }

    @Test func unsentOutputWaitsForTheRetry() async throws {
        let scene = Scene()
        scene.add(check: "c1")
        scene.local.updateCheck("c1", status: .critical, output: "new")
        scene.backend.state.withLock { $0.failures = 1000 }
        try await scene.running {
            try await eventually("it waits for the retry") {
                scene.clock.sleepers(within: Limits.syncRetryInterval) > 0
            }
            #expect(scene.backend.state.withLock { $0.failures } == 999)
        }
    }

    @Test func pausedSyncSendsNothing() async throws {
        let scene = Scene()
        scene.add(service: "a")
        try await scene.running {
            _ = try await scene.sent(2)
            scene.sync.pause()
            scene.sync.pause()
            scene.add(service: "b")
            scene.sync.resume()
            scene.add(service: "c")
            scene.local.removeService("b")
            scene.sync.resume()
            #expect(try await scene.sent(2) == ["remove b", "service c"])
        }
    }
}
