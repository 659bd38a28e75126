import ConsulModel
import ConsulServer
import Primitives
import Testing
import Wire

/// Texts were read off HashiCorp Consul 1.8.7.
@Suite struct SessionTests {
    let server: Server
    init() throws { server = try Server() }

    private func create(_ change: (inout Session) -> Void = { _ in }) async throws -> String {
        var session = Session()
        session.node = "n"
        change(&session)
        return try await server.backend.call(.sessionApply, SessionRequest(.create, session))
    }

    private func destroy(_ id: String) async throws {
        var session = Session()
        session.id = id
        _ = try await server.backend.call(.sessionApply, SessionRequest(.destroy, session))
    }

    private func lock(
        _ key: String, _ session: String, _ operation: KVOperation = .lock
    ) async throws -> Bool {
        var entry = KVEntry()
        entry.key = key
        entry.session = session
        return try await server.backend.call(.kvsApply, KVSRequest(operation, entry))
    }

    private func refused(_ change: @Sendable (inout Session) -> Void) async -> String {
        do {
            _ = try await create(change)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func sessionsAreValidated() async throws {
        #expect(await refused { _ in } == "Missing node registration")
        try await server.register("n", check: "c", status: "critical")
        #expect(await refused { $0.node = "" } == "Must provide Node")
        #expect(await refused { $0.behavior = "x" } == "Invalid Behavior setting 'x'")
        #expect(
            await refused { $0.ttl = "x" }
                == "Session TTL 'x' invalid: time: invalid duration \"x\"")
        #expect(
            await refused { $0.ttl = "9s" }
                == "Invalid Session TTL '9000000000', must be between [10s=24h0m0s]")
        #expect(
            await refused { $0.ttl = "25h" }
                == "Invalid Session TTL '90000000000000', must be between [10s=24h0m0s]")
        #expect(await refused { $0.ttl = "0s" } == "no error")
        #expect(
            await refused { $0.nodeChecks = ["c"] } == "Check 'c' is in critical state")
        #expect(await refused { $0.checks = ["d"] } == "Missing check 'd' registration")
    }

    @Test func blockedQueriesSeeOnlyTheirSessions() async throws {
        try await server.register("n")
        try await server.register("m")
        let id = try await create()
        let one = try await server.park(.sessionGet, id)
        let ofNode = try await server.park(.sessionNodeSessions, "N")
        let all = try await server.park(.sessionList)
        _ = try await create { $0.node = "m" }
        #expect(try await all.answer().value.count == 2)
        try await server.settle()
        #expect(!one.isAnswered)
        #expect(!ofNode.isAnswered)
        try await destroy(id)
        #expect(try await one.answer().value == [])
        #expect(try await ofNode.answer().value == [])
    }

    @Test func endedSessionDelaysLocksOnItsKeys() async throws {
        try await server.register("n")
        let delayed = try await create { $0.lockDelayNanoseconds = 60_000_000_000 }
        let plain = try await create()
        #expect(try await lock("a", delayed))
        #expect(try await lock("b", delayed))
        #expect(try await lock("b", delayed, .unlock))
        #expect(try await lock("c", plain))
        try await destroy(delayed)
        try await destroy(plain)
        let next = try await create()
        #expect(try await lock("a", next) == false)
        #expect(try await lock("b", next))
        #expect(try await lock("c", next))
    }

    @Test func locksOfASessionAreListed() async throws {
        try await server.register("n")
        let id = try await create { $0.name = "one" }
        #expect(try await lock("b", id))
        #expect(try await lock("a", id))
        let held = try await server.backend.call(.sessionLocks, server.query(id)).value
        #expect(held.map(\.session.id) == [id])
        #expect(held.first?.locks.map(\.key) == ["a", "b"])
        #expect(held.first?.locks.map(\.lockIndex) == [1, 1])
        var query: DCSpecificRequest = server.query("")
        query.options.filter = "Name == \"none\""
        #expect(try await server.backend.call(.sessionList, query).value == [])
    }
}
