import ConsulModel
import Glibc
import HTTPTransport
import NIOHTTP1
import Platform
import Synchronization
import TestKit
import Testing
import Wire

/// A durable server that is killed under load repeatedly.
@Suite(.serialized) struct KillTests {
    /// A writer's acknowledged writes and its attempts.
    private struct Written: Sendable {
        /// By key: the last value that was acknowledged, the last one tried.
        var keys: [String: (acknowledged: Int, tried: Int)] = [:]
        /// The highest index of an answer.
        var index: UInt64 = 0
        var isOver = false
        var count = 0
    }
    private final class Ledger: Sendable {
        private let state = Mutex(Written())
        func withLock<T: Sendable>(_ body: (inout Written) -> T) -> T {
            state.withLock { body(&$0) }
        }
    }
    private static let writers = 6
    private static let chunked = "load/long"

    /// Returns a value of one number and of fixed length: a torn value differs.
    private static func value(_ key: String, _ number: Int) -> String {
        let word = "\(number)."
        let length = key == chunked ? 512 * 1024 : 20 + number % 400
        return String(repeating: word, count: length / word.utf8.count)
    }

    private static func number(_ value: String) -> Int? {
        value.split(separator: ".").first.flatMap { Int($0) }
    }

    @Test func everyAcknowledgedWriteSurvivesKillNine() async throws {
        let rounds = Endurance.isLong ? 300 : 25
        let scratch = try Scratch()
        let fragments = [
            "10-raft.json": """
            {"raft_snapshot_threshold": 300, "raft_snapshot_interval": "100ms",
             "raft_trailing_logs": 100, "log_level": "warn"}
            """
        ]
        let written = Ledger()
        var tried = Set<String>()
        for round in 0..<rounds {
            let agent = try await AgentProcess.start(fragments, in: scratch)
            try await eventually("it leads; its log: \(agent.log)") {
                (try? await agent.get("/v1/kv/none"))?.status == 404
            }
            try await check(agent, written, round)
            written.withLock { $0.isOver = false }
            let moment = UInt64.random(in: 1...250) * 1_000_000
            await withTaskGroup(of: Void.self) { tasks in
                for writer in 0..<Self.writers {
                    tasks.addTask { await Self.load(agent, written, writer, round) }
                }
                try? await Task.sleep(nanoseconds: moment)
                agent.signal(SIGKILL)
                _ = await agent.exit()
                written.withLock { $0.isOver = true }
            }
            tried.formUnion(written.withLock { $0.keys.keys })
        }
        let agent = try await AgentProcess.start(fragments, in: scratch)
        try await eventually("it leads") {
            (try? await agent.get("/v1/kv/none"))?.status == 404
        }
        try await check(agent, written, rounds)
        await agent.stop()
        let count = written.withLock { $0.count }
        print("\(rounds) kills, \(count) acknowledged writes on \(tried.count) keys, none lost")
        #expect(count > rounds)
    }

    /// Writes one key of its own repeatedly, and one that is never written again.
    private static func load(
        _ agent: AgentProcess, _ written: Ledger, _ writer: Int, _ round: Int
    ) async {
        let again = writer == 0 ? chunked : "load/\(writer)"
        var number = 0
        while !written.withLock({ $0.isOver }) {
            let key = number == 1 ? "kept/\(round)/\(writer)" : again
            let next = written.withLock { written in
                let next = (written.keys[key]?.tried ?? 0) + 1
                written.keys[key, default: (0, 0)].tried = next
                return next
            }
            number += 1
            guard let answer = try? await agent.put("/v1/kv/\(key)", value(key, next)),
                answer.status == 200, answer.text.hasPrefix("true")
            else { continue }
            written.withLock { written in
                written.keys[key]?.acknowledged = next
                written.count += 1
            }
            guard number % 5 == 0, let read = try? await agent.get("/v1/kv/\(key)"),
                let index = read.headers.first(name: "X-Consul-Index").flatMap({ UInt64($0) })
            else { continue }
            written.withLock { $0.index = max($0.index, index) }
        }
    }

    private func check(
        _ agent: AgentProcess, _ written: Ledger, _ round: Int
    ) async throws {
        var found: [String: (value: String, index: UInt64)] = [:]
        var index: UInt64 = 0
        for prefix in ["load", "kept"] {
            let answer = try await agent.get("/v1/kv/\(prefix)?recurse")
            if answer.status == 404 { continue }
            index = max(
                index, answer.headers.first(name: "X-Consul-Index").flatMap { UInt64($0) } ?? 0)
            for entry in try JSONReader.decode([KVEntry].self, from: answer.body) {
                found[entry.key] = (
                    String(decoding: entry.value.array, as: UTF8.self),
                    entry.raftIndex.modifyIndex
                )
            }
        }
        let state = written.withLock { $0 }
        #expect(index >= state.index, "round \(round): the index went back")
        for (key, expected) in state.keys {
            guard let (value, _) = found[key] else {
                #expect(expected.acknowledged == 0, "round \(round): \(key) is gone")
                continue
            }
            let number = Self.number(value) ?? -1
            let range = max(1, expected.acknowledged)...max(1, expected.tried)
            #expect(range.contains(number), "round \(round): \(key) is \(number), not \(range)")
            let isWhole = value == Self.value(key, number)
            #expect(isWhole, "round \(round): \(key) is half of a value")
        }
        for key in found.keys {
            #expect(state.keys[key] != nil, "round \(round): \(key) was never written")
        }
    }
}
