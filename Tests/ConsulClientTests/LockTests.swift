import TestKit
import Testing

@testable import ConsulClient

/// Tests the protocol of locks on keys, against a scripted agent.
@Suite(.timeLimit(.minutes(1))) struct LockTests {
    private static func entry(
        session: String, flags: UInt64 = LockHolder.flags, modified: UInt64 = 9
    ) -> String {
        let held = session.isEmpty ? "" : #","Session":"\#(session)""#
        return #"[{"Key":"p/.lock","Flags":\#(flags),"ModifyIndex":\#(modified)\#(held)}]"#
    }

    private func with(
        _ body: (ScriptedAgent, LockHolder) async throws -> Void
    ) async throws {
        let agent = try await ScriptedAgent()
        let client = try agent.client()
        let holder = LockHolder(key: LockPath.lock(at: "p"), session: "mine", client: client)
        do { try await body(agent, holder) } catch { Issue.record(error) }
        await client.shutdown()
        await agent.stop()
    }

    @Test(arguments: [
        ("jobs/", "jobs"), ("jobs//x", "jobs/x"), ("a/../b", "b"), ("./a", "a"), ("..", ""),
        ("/", ""), ("", ""),
    ]) func prefixesAreCleaned(_ prefix: String, _ clean: String) {
        #expect(LockPath.cleaned(prefix) == clean)
        #expect(LockPath.lock(at: clean) == (clean.isEmpty ? ".lock" : "\(clean)/.lock"))
    }

    @Test func freeLockIsAcquired() async throws {
        try await with { agent, holder in
            agent.answer("GET /v1/kv/p/.lock", 404)
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: "mine"), index: 9)
            agent.answer("PUT /v1/kv/p/.lock", 200, "true")
            let attempt = try await holder.attempt()
            #expect(attempt == .held(token: 9))
            #expect(
                agent.lines[1]
                    == "PUT /v1/kv/p/.lock?flags=\(LockHolder.flags)&acquire=mine")
        }
    }

    @Test func heldLockIsNotAcquired() async throws {
        try await with { agent, holder in
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: "other"), index: 12)
            let attempt = try await holder.attempt()
            #expect(attempt == .taken(index: 12))
            #expect(agent.lines.count == 1)
        }
    }

    /// The agent refuses a lock without a holder: its delay is not over.
    @Test func delayedLockIsNotAcquired() async throws {
        try await with { agent, holder in
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: ""), index: 12)
            agent.answer("PUT /v1/kv/p/.lock", 200, "false")
            let attempt = try await holder.attempt()
            #expect(attempt == .delayed)
        }
    }

    @Test func keyOfAnotherUseIsNotALock() async throws {
        try await with { agent, holder in
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: "", flags: 7))
            await #expect(throws: LockError.notALock) { _ = try await holder.attempt() }
        }
    }

    @Test func checkBlocksAndDetectsTheLoss() async throws {
        try await with { agent, holder in
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: "mine"), index: 20)
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: "other"), index: 21)
            let held = try await holder.look(after: 0)
            #expect(held == 20)
            let lost = try await holder.look(after: 20)
            #expect(lost == nil)
            #expect(agent.lines[0].contains("consistent="))
            #expect(agent.lines[1].contains("index=20&wait="))
        }
    }

    @Test func keyIsRemovedOnlyWithoutAHolder() async throws {
        try await with { agent, holder in
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: "other"))
            agent.answer("GET /v1/kv/p/.lock", 200, Self.entry(session: "", modified: 31))
            agent.answer("DELETE /v1/kv/p/.lock", 200, "true")
            let whileHeld = try await holder.cleanUp()
            #expect(whileHeld == false)
            let whenFree = try await holder.cleanUp()
            #expect(whenFree)
            #expect(agent.lines.last == "DELETE /v1/kv/p/.lock?cas=31")
        }
    }
}
