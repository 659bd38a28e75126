import Glibc
import HTTPTransport
import Primitives
import SimulationKit
import Synchronization
import TestKit
import Testing
import Wire

/// The answers that concurrent clients get through HTTP are linearizable: reads, writes,
/// compare-and-set, deletes, and acquiring and releasing locks.
@Suite(.serialized) struct HistoryTests {
    private static let clients = 8
    private static let rounds = 60
    /// The first two hold values, the others locks; the checker has no more keys.
    private static let valueKeys = 2

    /// Records all calls and returns in one order, and the calls themselves.
    private final class Recorder: Sendable {
        private let clock = Atomic<UInt64>(0)
        private let history = Mutex<[Operation]>([])

        func tick() -> UInt64 { clock.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }
        func add(_ operation: Operation) { history.withLock { $0.append(operation) } }
        var all: [Operation] { history.withLock { $0 } }
    }

    private struct Client {
        let number: Int
        let session: String
        let agent: AgentProcess
        let recorder: Recorder
        /// A number unique to this client: a value identifies its write.
        var next: UInt16
        /// The last read of each key: the value's number and its index.
        var known: [UInt8: (value: UInt16, index: UInt64)] = [:]

        mutating func run(_ random: inout SeededRandom) async throws {
            let key = UInt8(random.next() % UInt64(KVMachine.keys))
            if Int(key) < HistoryTests.valueKeys {
                switch random.next() % 8 {
                case 0...2: try await read(key, isConsistent: random.next() % 2 == 0)
                case 3, 4: try await write(key)
                case 5, 6: try await swap(key)
                default: try await delete(key)
                }
            } else {
                try await lock(key, takes: random.next() % 2 == 0)
            }
        }

        private func record(
            _ key: UInt8, _ operation: KVMachine.Operation,
            _ call: () async throws -> UInt16
        ) async throws -> UInt16 {
            let called = recorder.tick()
            let result = try await call()
            recorder.add(
                Operation(
                    client: number, key: key, operation: operation, called: called,
                    returned: recorder.tick(), result: result))
            return result
        }

        private mutating func read(_ key: UInt8, isConsistent: Bool) async throws {
            var index: UInt64 = 0
            let path = "/v1/kv/h/\(key)" + (isConsistent ? "?consistent" : "")
            let value = try await record(key, .get) {
                let answer = try await agent.get(path)
                if answer.status == 404 { return 0 }
                let entry = try JSONReader.decode([JSONValue].self, from: answer.body)[0]
                index = UInt64(entry["ModifyIndex"]?.integerValue ?? 0)
                let text = Base64.decode(entry["Value"]?.stringValue ?? "") ?? []
                return UInt16(String(decoding: text, as: UTF8.self)) ?? 0
            }
            known[key] = (value, index)
        }

        private mutating func write(_ key: UInt8) async throws {
            next += 1
            let value = next
            _ = try await record(key, .put(value)) {
                let answer = try await agent.put("/v1/kv/h/\(key)", "\(value)")
                #expect(answer.text == "true")
                return value
            }
        }

        /// Swaps with the index that was read along with the value: 0 for a missing key.
        private mutating func swap(_ key: UInt8) async throws {
            guard let (from, index) = known[key] else {
                return try await read(key, isConsistent: false)
            }
            next += 1
            let to = next
            _ = try await record(key, .swap(from: from, to: to)) {
                let answer = try await agent.put("/v1/kv/h/\(key)?cas=\(index)", "\(to)")
                return answer.text == "true" ? 1 : 0
            }
        }

        private func delete(_ key: UInt8) async throws {
            _ = try await record(key, .put(0)) {
                let answer = try await agent.call("DELETE", "/v1/kv/h/\(key)")
                #expect(answer.text == "true")
                return 0
            }
        }

        /// The holder's number is the key's value.
        private func lock(_ key: UInt8, takes: Bool) async throws {
            let me = UInt16(number + 1)
            let verb = takes ? "acquire" : "release"
            let change = KVMachine.Operation.swap(from: takes ? 0 : me, to: takes ? me : 0)
            _ = try await record(key, change) {
                let answer = try await agent.put("/v1/kv/h/\(key)?\(verb)=\(session)", "x")
                return answer.text == "true" ? 1 : 0
            }
        }
    }

    /// Runs clients and returns their histories. A client that holds a lock gets `true` when it
    /// acquires it again: so each acquires and releases by turns.
    private func histories(_ agent: AgentProcess) async throws -> [Operation] {
        let recorder = Recorder()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<Self.clients {
                let made = try await agent.put("/v1/session/create", #"{"LockDelay": "0s"}"#)
                let session = made.text.split(separator: "\"")[3]
                let client = Client(
                    number: number, session: String(session), agent: agent, recorder: recorder,
                    next: UInt16(100 + number * 1_000))
                tasks.addTask {
                    var client = client
                    var random = SeededRandom(seed: UInt64(number))
                    for _ in 0..<Self.rounds { try await client.run(&random) }
                }
            }
            try await tasks.waitForAll()
        }
        return recorder.all
    }

    @Test func answersOfClientsAreLinearizable() async throws {
        let agent = try await AgentProcess.start()
        let history = try await histories(agent)
        await agent.stop()
        #expect(history.count >= Self.clients * Self.rounds / 2)
        #expect(Linearizability.violation(in: Self.withoutRepeatedLocks(history)) == nil)
        // One read's answer is replaced by a value that was never written: the checker finds it.
        var wrong = history
        let place = try #require(wrong.firstIndex { $0.operation == .get })
        wrong[place].result = 60_000
        #expect(Linearizability.violation(in: Self.withoutRepeatedLocks(wrong)) != nil)
    }

    /// Converts repeated acquisitions. Acquiring a held lock returns true and changes nothing,
    /// which a swap cannot express: such calls become swaps of the holder for itself.
    private static func withoutRepeatedLocks(_ history: [Operation]) -> [Operation] {
        var holds: Set<[Int]> = []
        return history.sorted { $0.called < $1.called }.map { item in
            guard Int(item.key) >= valueKeys, case .swap(let from, let to) = item.operation
            else { return item }
            var item = item
            let place = [item.client, Int(item.key)]
            if from == 0, item.result == 1, !holds.insert(place).inserted {
                item.operation = .swap(from: to, to: to)
            } else if to == 0, item.result == 1 {
                holds.remove(place)
            }
            return item
        }
    }
}
