import ConsulModel
import ConsulServer
import ConsulState
import Primitives
import Testing
import Wire

/// Keys that expire.
@Suite struct KeyExpiryTests {
    let clock = ManualDutyClock()
    let server: Server
    init() throws { server = try Server(clock: clock) }

    private func put(_ key: String, _ ttl: GoDuration) async throws -> Bool {
        var entry = KVEntry()
        entry.key = key
        var request = KVSRequest(.set, entry)
        request.ttl = ttl
        return try await server.backend.call(.kvsApply, request)
    }

    private func list() async throws -> [String] {
        try await server.backend.call(.kvsListKeys, server.query("")).value
    }

    @Test func keysExpireInOrderAndOthersStay() async throws {
        #expect(try await put("stays", .zero))
        #expect(try await put("late", .seconds(3600)))
        #expect(try await put("soon", .seconds(1)))
        let box = try await server.park(.kvsGet, "soon") { $0.options.maxQueryTime = .seconds(60) }
        clock.advance(.milliseconds(999))
        #expect(try await list() == ["late", "soon", "stays"])
        clock.advance(.milliseconds(1))
        #expect(try await box.answer().value == [])
        #expect(try await list() == ["late", "stays"])
    }

    /// A key that is written again before its end expires by the newest write.
    @Test func rewrittenKeyGetsTheNewExpiry() async throws {
        #expect(try await put("beat", .seconds(1)))
        #expect(try await put("other", .seconds(2)))
        #expect(try await put("beat", .seconds(3600)))
        let box = try await server.park(.kvsGet, "other") {
            $0.options.maxQueryTime = .seconds(60)
        }
        clock.advance(.seconds(2))
        #expect(try await box.answer().value == [])
        #expect(try await list() == ["beat"])
    }

    /// The keys of a lease are deleted with it, and no reader sees one without the other.
    @Test func keysAreDeletedWithTheirLease() async throws {
        #expect(try await put("lease", .seconds(1)))
        #expect(try await put("other", .seconds(3600)))
        for (key, lease) in [("a", "lease"), ("b", "lease"), ("c", "other")] {
            var entry = KVEntry()
            entry.key = key
            entry.lease = lease
            #expect(try await server.backend.call(.kvsApply, KVSRequest(.set, entry)))
        }
        let box = try await server.park(.kvsGet, "b") { $0.options.maxQueryTime = .seconds(60) }
        clock.advance(.seconds(1))
        #expect(try await box.answer().value == [])
        #expect(try await list() == ["c", "other"])
    }

    @Test func impossibleLeaseIsRefusedWithTheReason() async throws {
        #expect(try await put("stays", .zero))
        for (lease, reason) in [("stays", "that key has no TTL"), ("x", "there is no such key")] {
            var entry = KVEntry()
            entry.key = "k"
            entry.lease = lease
            let error = await #expect(throws: ConsulError.self) {
                _ = try await server.backend.call(.kvsApply, KVSRequest(.set, entry))
            }
            #expect(error?.kind == .badRequest)
            #expect(error?.message.hasSuffix(reason) == true)
        }
        #expect(try await list() == ["stays"])
    }

    /// A lease takes keys up to the bound and no more; all of them are deleted in one command.
    @Test func aLeaseHasABound() async throws {
        var machine = FSM()
        var index: UInt64 = 1
        func set(_ key: String, lease: String) -> CommandResult {
            var entry = KVEntry()
            entry.key = key
            entry.lease = lease
            if lease.isEmpty { entry.expires = KVExpiry(unixNanoseconds: 5) }
            index += 1
            return machine.applyCommand(index, .kvs(KVSRequest(.set, entry))).result
        }
        #expect(set("lease", lease: "") == .applied(true))
        for number in 0..<ConsulState.Limits.keysOnLeaseMax {
            #expect(set("\(number)", lease: "lease") == .applied(true))
        }
        guard case .refused = set("more", lease: "lease") else {
            Issue.record("one too many was taken")
            return
        }
        #expect(set("7", lease: "lease") == .applied(true))
        var entry = KVEntry()
        entry.key = "lease"
        #expect(
            machine.applyCommand(index + 1, .kvs(KVSRequest(.delete, entry))).changes.keys.count
                == ConsulState.Limits.keysOnLeaseMax + 1)
        #expect(machine.store.kvs.count == 0)
        machine.checkInvariants()
    }

    @Test func timesBeyondTheBoundsAreRefused() async throws {
        for ttl in [GoDuration.milliseconds(999), .hours(24 * 366 * 11), .seconds(-1)] {
            await #expect(throws: ConsulError.self) { _ = try await put("k", ttl) }
        }
        #expect(try await list() == [])
    }
}
