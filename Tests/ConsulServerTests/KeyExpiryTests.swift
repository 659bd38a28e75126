import ConsulModel
import ConsulServer
import Primitives
import Testing
import Wire

/// Keys that end by themselves.
@Suite struct KeyExpiryTests {
    let server: Server
    init() throws { server = try Server() }

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

    @Test func theyGoInTheirOrderAndOthersStay() async throws {
        #expect(try await put("stays", .zero))
        #expect(try await put("late", .seconds(3600)))
        #expect(try await put("soon", .seconds(1)))
        let began = ContinuousClock.now
        let box = try await server.park(.kvsGet, "soon") { $0.options.maxQueryTime = .seconds(60) }
        #expect(try await box.answer().value == [])
        #expect(ContinuousClock.now - began >= .milliseconds(900))
        #expect(try await list() == ["late", "stays"])
    }

    /// One that is written again before its end lives as long as the newest write says.
    @Test func whoIsWrittenAgainLivesOn() async throws {
        #expect(try await put("beat", .seconds(1)))
        #expect(try await put("other", .seconds(2)))
        #expect(try await put("beat", .seconds(3600)))
        let box = try await server.park(.kvsGet, "other") {
            $0.options.maxQueryTime = .seconds(60)
        }
        #expect(try await box.answer().value == [])
        #expect(try await list() == ["beat"])
    }

    @Test func timesBeyondTheBoundsAreRefused() async throws {
        for ttl in [GoDuration.milliseconds(999), .hours(24 * 366 * 11), .seconds(-1)] {
            await #expect(throws: ConsulError.self) { _ = try await put("k", ttl) }
        }
        #expect(try await list() == [])
    }
}
