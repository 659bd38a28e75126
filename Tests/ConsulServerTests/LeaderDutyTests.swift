import ConsulModel
import ConsulState
import Primitives
import Synchronization
import Testing
import Vivaldi
import Wire

@testable import ConsulServer

/// Drives the leader's duties by a clock of their own.
@Suite struct LeaderDutyTests {
    private let clock = ManualDutyClock()

    private func sessions(_ server: Server) async throws -> [String] {
        try await server.backend.call(.sessionList, server.query("")).value.map(\.id)
    }

    private func session(_ server: Server, ttl: String) async throws -> String {
        try await server.register("n")
        var session = Session()
        session.node = "n"
        session.ttl = ttl
        return try await server.backend.call(.sessionApply, SessionRequest(.create, session))
    }

    private func park(_ server: Server, _ id: String) async throws -> Box<IndexedSessions> {
        try await server.park(.sessionGet, id) { $0.options.maxQueryTime = .seconds(600) }
    }

    // MARK: Sessions

    @Test func aSessionEndsAfterTwiceItsTTL() async throws {
        let server = try Server(clock: clock)
        let id = try await session(server, ttl: "10s")
        let box = try await park(server, id)
        clock.advance(.milliseconds(19_999))
        #expect(try await sessions(server) == [id])
        clock.advance(.milliseconds(1))
        #expect(try await box.answer().value == [])
        let renewed = try await server.backend.call(.sessionRenew, server.query(id))
        #expect(renewed.value == [])
        await server.backend.stop()
    }

    @Test func aGraceReplacesTheSecondTTL() async throws {
        let server = try Server(clock: clock) { $0.sessionTTLGrace = .milliseconds(20) }
        let id = try await session(server, ttl: "10s")
        let box = try await park(server, id)
        clock.advance(.milliseconds(10_019))
        #expect(try await sessions(server) == [id])
        clock.advance(.milliseconds(1))
        #expect(try await box.answer().value == [])
        await server.backend.stop()
    }

    @Test func renewalsKeepASession() async throws {
        let server = try Server(clock: clock)
        let id = try await session(server, ttl: "10s")
        let box = try await park(server, id)
        for _ in 0..<12 {
            clock.advance(.milliseconds(19_999))
            let renewed = try await server.backend.call(.sessionRenew, server.query(id))
            #expect(renewed.value.map(\.id) == [id])
        }
        #expect(!box.isAnswered)
        clock.advance(.seconds(20))
        #expect(try await box.answer().value == [])
        await server.backend.stop()
    }

    /// A new leader has no record of when a session was renewed.
    @Test func newLeaderRestartsEverySessionTimer() async throws {
        let server = try Server(clock: clock)
        let id = try await session(server, ttl: "10s")
        let box = try await park(server, id)
        clock.advance(.seconds(19))
        server.backend.sessionTimers.begin()
        clock.advance(.milliseconds(19_999))
        #expect(try await sessions(server) == [id])
        clock.advance(.milliseconds(1))
        #expect(try await box.answer().value == [])
        await server.backend.stop()
    }

    // MARK: Tombstones

    @Test func tombstonesAreReapedAfterTheirTime() async throws {
        let server = try Server(clock: clock)
        try await server.put("a", "1")
        try await server.put("a", "", .delete)
        let state = server.backend.state
        clock.advance(Limits.tombstoneTime)
        #expect(state.load().store.kvs.hasTombstones(through: .max))
        clock.advance(Limits.tombstoneStep * 2)
        #expect(!state.load().store.kvs.hasTombstones(through: .max))
        await server.backend.stop()
    }

    // MARK: Registration

    @Test func theRegistrationIsRetriedUntilItSucceeds() async throws {
        let server = try Server(clock: clock)
        let calls = Mutex(0)
        server.backend.registration.set { done in
            done(calls.withLock { calls in
                calls += 1
                return calls == 3
            })
        }
        #expect(calls.withLock { $0 } == 1)
        clock.advance(Limits.dutyRetry)
        #expect(calls.withLock { $0 } == 2)
        clock.advance(Limits.dutyRetry * 10)
        #expect(calls.withLock { $0 } == 3)
        await server.backend.stop()
    }

    // MARK: The end

    @Test func nothingFiresAfterTheEnd() async throws {
        let server = try Server(clock: clock) { $0.coordinateUpdatePeriod = .seconds(5) }
        let id = try await session(server, ttl: "10s")
        var entry = KVEntry()
        entry.key = "k"
        var request = KVSRequest(.set, entry)
        request.ttl = .seconds(10)
        #expect(try await server.backend.call(.kvsApply, request))
        var update = CoordinateUpdateRequest()
        update.node = "n"
        update.coordinate = .origin
        _ = try await server.backend.call(.coordinateUpdate, update)
        // Reaping, the session, the key and the coordinates.
        #expect(clock.waiting == 4)
        await server.backend.stop()
        #expect(clock.waiting == 0)
        clock.advance(.hours(1))
        let store = server.backend.state.load().store
        #expect(store.kvs.count == 1)
        #expect(try store.sessions.get(id).value != nil)
    }

    // MARK: Timers

    @Test func aTimerKeepsTheEarlierOfTwoDeadlines() {
        let fired = Mutex<[String]>([])
        func note(_ name: String) -> @Sendable () -> Void {
            { fired.withLock { $0.append(name) } }
        }
        let timer = DutyTimer(clock.clock)
        timer.arm(after: .seconds(5), note("five"))
        timer.arm(after: .seconds(9), note("nine"))
        timer.arm(after: .seconds(2), note("two"))
        #expect(clock.waiting == 1)
        clock.advance(.seconds(10))
        #expect(fired.withLock { $0 } == ["two"])
        timer.arm(after: .seconds(1), note("cancelled"))
        timer.cancel()
        clock.advance(.seconds(10))
        timer.arm(after: .seconds(1), note("again"))
        clock.advance(.seconds(1))
        #expect(fired.withLock { $0 } == ["two", "again"])
        timer.end()
        timer.arm(after: .seconds(1), note("ended"))
        #expect(clock.waiting == 0)
    }
}
