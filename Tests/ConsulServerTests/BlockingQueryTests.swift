import ConsulModel
import ConsulServer
import ConsulState
import NIOCore
import NIOPosix
import Primitives
import Testing
import Wire

@Suite(.timeLimit(.minutes(2)))
struct BlockingQueryTests {
    @Test func aWaiterIsAnsweredByItsOwnKeyAlone() async throws {
        let server = try Server()
        try await server.put("a", "1")
        let box = try await server.park(.kvsGet, "a")
        try await server.put("b", "1")
        try await server.put("a", "1")  // the same value as before
        try await server.settle()
        #expect(!box.isAnswered)
        #expect(server.backend.hub.waiting == 1)
        try await server.put("a", "2")
        let answer = try await box.answer()
        #expect(answer.value.map(\.value.text) == ["2"])
        #expect(answer.meta.index == 6)
        #expect(server.backend.hub.waiting == 0)
    }

    @Test func keysThatAreMissingAndPrefixesWakeForTheirOwn() async throws {
        let server = try Server()
        try await server.put("app/a", "1")
        let missing = try await server.park(.kvsGet, "app/new")
        let list = try await server.park(.kvsList, "app/")
        let keys = try await server.park(.kvsListKeys, "app/")
        let other = try await server.park(.kvsList, "web/")
        try await server.put("apple", "1")
        try await server.settle()
        #expect(!missing.isAnswered && !list.isAnswered && !keys.isAnswered && !other.isAnswered)
        try await server.put("app/new", "1")
        #expect(try await missing.answer().value.count == 1)
        #expect(try await list.answer().value.count == 2)
        #expect(try await keys.answer().value == ["app/a", "app/new"])
        let doomed = try await server.park(.kvsGet, "app/a")
        let above = try await server.park(.kvsList, "app")
        let below = try await server.park(.kvsList, "app/n")
        try await server.put("app/", "", .deleteTree)
        #expect(try await doomed.answer().value.isEmpty)
        #expect(try await above.answer().value.map(\.key) == ["apple"])
        #expect(try await below.answer().value.isEmpty)
        #expect(!other.isAnswered)
        other.pending?.cancel()
    }

    @Test func catalogReadsWakeForTheirOwn() async throws {
        let server = try Server()
        try await server.register("n1", service: "web")
        try await server.register("n2", service: "api")
        let health = try await server.park(.healthServiceNodes, "web")
        let api = try await server.park(.healthServiceNodes, "api")
        let node = try await server.park(.catalogNodeServiceList, "n1")
        let checks = try await server.park(.healthNodeChecks, "n1")
        let otherChecks = try await server.park(.healthNodeChecks, "n2")
        let critical = try await server.park(.healthChecksInState, "critical")
        let any = try await server.park(.healthChecksInState, "any")
        let serviceChecks = try await server.park(.healthServiceChecks, "web")
        let nodes = try await server.park(.catalogListNodes)
        let services = try await server.park(.catalogListServices)

        try await server.register("n1", check: "c", on: "web")
        #expect(try await health.answer().value.first?.checks.count == 1)
        #expect(try await checks.answer().value.count == 1)
        #expect(try await any.answer().value.count == 1)
        #expect(try await serviceChecks.answer().value.count == 1)
        try await server.settle()
        #expect(!api.isAnswered && !node.isAnswered && !otherChecks.isAnswered)
        #expect(!critical.isAnswered && !nodes.isAnswered && !services.isAnswered)

        try await server.register("n1", check: "c", on: "web", status: "critical")
        #expect(try await critical.answer().value.count == 1)
        try await server.register("n1", service: "more")
        #expect(try await node.answer().value.services?.map(\.id) == ["more", "web"])
        #expect(try await services.answer().value.keys.sorted() == ["api", "more", "web"])
        try await server.settle()
        #expect(!api.isAnswered && !otherChecks.isAnswered && !nodes.isAnswered)
        try await server.register("n2", meta: ["a": "b"])
        #expect(try await api.answer().value.count == 1)
        #expect(try await nodes.answer().value.count == 2)
        #expect(server.backend.hub.waiting == 1)
        otherChecks.pending?.cancel()
        #expect(server.backend.hub.waiting == 0)
    }

    @Test func removedNodeWakesItsReaders() async throws {
        let server = try Server()
        try await server.register("n1")
        let box = try await server.park(.catalogNodeServices, "n1")
        var request = DeregisterRequest()
        request.node = "n1"
        _ = try await server.backend.call(.catalogDeregister, request)
        #expect(try await box.answer().value == nil)
    }

    @Test func timeoutsAnswerWithThePresentState() async throws {
        let server = try Server { $0.maxQueryTime = .milliseconds(30) }
        try await server.put("a", "1")
        for wait in [1, 5, 1000] as [Int64] {
            let answer = try await server.get("a", after: 3, wait: .milliseconds(wait))
            #expect(answer.value.count == 1)
            #expect(answer.meta.index == 3)
        }
        // An earlier deadline than the pending ones.
        async let long = server.get("a", after: 3, wait: .milliseconds(30))
        async let short = server.get("a", after: 3, wait: .milliseconds(2))
        #expect(try await (long.meta.index, short.meta.index) == (3, 3))
        #expect(server.backend.hub.waiting == 0)
    }

    @Test func cancellationFreesTheWaiter() async throws {
        let server = try Server()
        try await server.put("a", "1")
        for _ in 0..<200 {
            let task = Task { try await server.get("a", after: 3) }
            if Bool.random() { await Task.yield() }
            task.cancel()
            await #expect(throws: ConsulError.self) { try await task.value }
        }
        #expect(server.backend.hub.waiting == 0)
        let box = try await server.park(.kvsGet, "a")
        box.pending?.cancel()
        box.pending?.cancel()
        try await server.put("a", "2")
        try await server.settle()
        #expect(box.answers.count == 1)
    }

    @Test func waitersAreBounded() async throws {
        let server = try Server { $0.waitersMax = 2 }
        try await server.put("a", "1")
        let first = try await server.park(.kvsGet, "a")
        let second = try await server.park(.kvsGet, "a")
        let third = try await server.park(.kvsGet, "a")
        await #expect(throws: ConsulError.self) { try await third.answer() }
        #expect(server.backend.hub.waiting == 2)
        try await server.put("a", "2")
        _ = try await (first.answer(), second.answer())
        #expect(server.backend.hub.waiting == 0)
    }

    @Test func oneWriteAnswersTenThousandWaiters() async throws {
        let server = try Server()
        try await server.put("a", "1")
        let backend = server.backend
        let query: KeyRequest = server.query("a", after: 3)
        let boxes = (0..<10_000).map { _ in Box<IndexedDirEntries>() }
        let loops = Array(Server.group.makeIterator())
        for (number, box) in boxes.enumerated() {
            loops[number % loops.count].execute {
                box.pending = backend.call(.kvsGet, query) { box.fill($0) }
            }
        }
        try await server.settle()
        #expect(backend.hub.waiting == 10_000)
        try await server.put("a", "2")
        for box in boxes { #expect(try await box.answer().meta.index == 4) }
        #expect(backend.hub.waiting == 0)
        #expect(boxes.allSatisfy { $0.answers.count == 1 })
    }

    /// One commit wakes readers of keys, of prefixes and of pages, many of each and mixed: two
    /// readers share an answer only when their requests are equal to the byte.
    @Test func eachWokenReaderGetsItsOwnAnswer() async throws {
        let server = try Server()
        // The second is another spelling of the first; Swift compares the two as equal.
        let keys = ["t/\u{E9}", "t/e\u{301}", "t/x"]
        for key in keys { try await server.put(key, "old") }
        var boxes: [(box: Box<IndexedDirEntries>, expected: [String])] = []
        let all = ["new 1", "new 2", "new 0"]  // in byte order of the keys
        for _ in 0..<8 {
            for (number, key) in keys.enumerated() {
                boxes.append((try await server.park(.kvsGet, key), ["new \(number)"]))
            }
            boxes.append((try await server.park(.kvsList, "t/"), all))
            let page = try await server.park(.kvsList, "t/") { $0.limit = 2 }
            boxes.append((page, Array(all.prefix(2))))
            let rest = try await server.park(.kvsList, "t/") { $0.startAfter = keys[1] }
            boxes.append((rest, Array(all.dropFirst())))
        }
        var request = TxnRequest()
        request.operations = keys.enumerated().map { number, key in
            var entry = KVEntry()
            entry.key = key
            entry.value = Bytes("new \(number)")
            return TxnOperation(TxnKVOperation("set", entry))
        }
        _ = try await server.backend.call(.txnApply, request)
        for (box, expected) in boxes {
            #expect(try await box.answer().value.map(\.value.text) == expected)
        }
        #expect(server.backend.hub.waiting == 0)
    }

    /// Readers follow keys through blocking queries alone while writers write at full speed. A lost
    /// wake-up blocks a reader until the time limit.
    @Test func noWakeUpIsLost() async throws {
        let server = try Server()
        let rounds = 3_000
        for key in 0..<4 { try await server.put("k\(key)", "0") }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for key in 0..<4 {
                tasks.addTask {
                    for round in 1...rounds { try await server.put("k\(key)", "\(round)") }
                }
                for follower in 0..<3 {
                    tasks.addTask {
                        var index: UInt64 = 0
                        var seen = 0
                        while seen < rounds {
                            let text: String
                            if follower == 0 {
                                let answer = try await server.backend.call(
                                    .kvsList, server.query("k\(key)", after: index))
                                index = answer.meta.index
                                text = answer.value[0].value.text
                            } else {
                                let answer = try await server.get("k\(key)", after: index)
                                index = answer.meta.index
                                text = answer.value[0].value.text
                            }
                            let next = Int(text) ?? -1
                            #expect(next >= seen)
                            seen = next
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        #expect(server.backend.hub.waiting == 0)
    }

    /// One write a round: each must wake its reader, whichever of the two comes first.
    @Test func everySingleWriteWakes() async throws {
        let server = try Server()
        try await server.put("a", "0")
        for round in 1...3_000 {
            async let seen = server.get("a", after: UInt64(round + 2))
            async let written = server.put("a", "\(round)")
            #expect(try await (seen.value.first?.value.text, written) == ("\(round)", true))
        }
    }
}
