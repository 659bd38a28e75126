import ConsulModel
import ConsulServer
import Primitives
import Synchronization
import Testing
import Wire

/// A client's index may be ahead of the read's index: one index kept for several reads, the highest
/// ever seen, or one of a state that was replaced.
@Suite(.timeLimit(.minutes(2))) struct AheadTests {
    @Test func anIndexAheadWaits() async throws {
        let server = try Server()
        try await server.put("a", "1")
        try await server.put("b", "1")
        for endpoint in [Endpoint.kvsGet, .kvsList] {
            let box = Box<IndexedDirEntries>()
            box.pending = server.backend.call(endpoint, server.query("a", after: 4)) {
                box.fill($0)
            }
            try await server.settle()
            #expect(!box.isAnswered)
            #expect(server.backend.hub.waiting == 1)
            box.pending?.cancel()
        }
        // The wait ends with the present state, and a change beyond the index ends it.
        let late = try await server.get("a", after: 99, wait: .milliseconds(5))
        #expect(late.meta.index == 3 && late.value.count == 1)
        let box = Box<IndexedDirEntries>()
        box.pending = server.backend.call(.kvsGet, server.query("a", after: 5)) { box.fill($0) }
        try await server.put("a", "2")  // index 5, which the client has
        try await server.settle()
        #expect(!box.isAnswered)
        try await server.put("a", "3")
        #expect(try await box.answer().value.map(\.value.text) == ["3"])
        await server.backend.stop()
    }

    /// The index of a restored state may be lower.
    @Test func replacedStateAnswersClientsAhead() async throws {
        let server = try Server()
        try await server.put("a", "1")
        let saved = try await server.backend.call(.snapshotSave, SnapshotSaveRequest())
        for number in 0..<10 { try await server.put("a", "later \(number)") }
        let box = Box<IndexedDirEntries>()
        box.pending = server.backend.call(.kvsGet, server.query("a", after: 1_000_000)) {
            box.fill($0)
        }
        try await server.settle()
        #expect(!box.isAnswered)
        let left = Mutex([saved.bytes])
        let request = SnapshotRestoreRequest { left.withLock { $0.popLast() } }
        _ = try await server.backend.call(.snapshotRestore, request)
        #expect(try await box.answer().value.map(\.value.text) == ["1"])
        await server.backend.stop()
    }

    /// Every change raises the index: otherwise a client that waits for one would miss it.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func changesRaiseTheIndex(_ seed: UInt64) async throws {
        let server = try Server()
        var random = SeededRandom(seed: seed)
        var seen: [String: (index: UInt64, content: [UInt8])] = [:]
        for turn in 0..<300 {
            try await change(server, &random)
            for (name, answer) in try await readings(server) {
                let before = seen.updateValue(answer, forKey: name)
                guard let before, before.content != answer.content else { continue }
                #expect(answer.index > before.index, "\(name), seed \(seed), turn \(turn)")
            }
        }
        await server.backend.stop()
    }

    private func change(_ server: Server, _ random: inout SeededRandom) async throws {
        func one(_ names: [String]) -> String { names[Int(random.next() % UInt64(names.count))] }
        let node = one(["n1", "n2", "n3"])
        let service = one(["web", "db"])
        let status = one(["passing", "critical"])
        var gone = DeregisterRequest()
        gone.node = node
        switch random.next() % 9 {
        case 0: try await server.put(one(["app/a", "app/b", "b"]), "\(random.next())")
        case 1: try await server.put(one(["app/a", "app/b", "b"]), "", .delete)
        case 2: try await server.put(one(["app/", "app/a", ""]), "", .deleteTree)
        case 3: try await server.register(node, service: service)
        case 4: try await server.register(node, meta: ["m": one(["1", "2"])])
        case 5:
            try await server.register(node, service: service)
            try await server.register(node, check: "c-\(service)", on: service, status: status)
        case 6: try await server.register(node, check: "own", status: status)
        case 7:
            gone.serviceID = service
            _ = try await server.backend.call(.catalogDeregister, gone)
        default:
            if random.next() % 2 == 0 { gone.checkID = "own" }
            _ = try await server.backend.call(.catalogDeregister, gone)
        }
    }

    private func readings(
        _ server: Server
    ) async throws -> [String: (index: UInt64, content: [UInt8])] {
        var found: [String: (index: UInt64, content: [UInt8])] = [:]
        func read<Request: NamedRequest, Answer: IndexedReply>(
            _ endpoint: Endpoint<Request, Answer>, _ names: [String]
        ) async throws where Answer.Value: WireValue {
            for name in names {
                let answer = try await server.backend.call(endpoint, server.query(name))
                found["\(endpoint.name) \(name)"] = (
                    answer.meta.index, JSONWriter.encode(answer.value)
                )
            }
        }
        try await read(.kvsGet, ["app/a", "b", "never"])
        try await read(.kvsList, ["", "app/", "b"])
        try await read(.kvsListKeys, ["", "app/", "b"])
        try await read(.catalogListNodes, [""])
        try await read(.catalogListServices, [""])
        try await read(.catalogServiceNodes, ["web", "db"])
        for name in ["n1", "n2"] {
            let answer = try await server.backend.call(
                .catalogNodeServiceList, server.query(name))
            let services = answer.value.services.map { JSONWriter.encode($0) } ?? []
            found["node \(name)"] = (answer.meta.index, services)
        }
        try await read(.healthServiceNodes, ["web", "db"])
        try await read(.healthServiceChecks, ["web", "db"])
        try await read(.healthNodeChecks, ["n1", "n2"])
        try await read(.healthChecksInState, ["any", "critical", "passing"])
        return found
    }
}
