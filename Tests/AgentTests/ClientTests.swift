import ConsulClient
import Glibc
import Platform
import TestKit
import Testing

/// The client library and its examples, against an agent.
@Suite struct ClientTests {
    /// One of the programs of `ClientExamples`, and its output.
    private final class Example {
        let child: ChildProcess
        private var lines: AsyncStream<String>.Iterator

        init(_ agent: AgentProcess, _ words: [String]) throws {
            let program = AgentProcess.program.split(
                separator: "/", omittingEmptySubsequences: false
            ).dropLast().joined(separator: "/")
            var spec = ProcessSpec(["\(program)/client-examples"] + words)
            spec.environment = .inherited(
                adding: ["CONSUL_HTTP_ADDR": "unix://\(agent.scratch.path)/http.sock"])
            child = try ChildProcess.start(spec)
            let (stream, feed) = AsyncStream<String>.makeStream()
            Task { [child] in
                for await line in child.lines { feed.yield(line.text) }
                feed.finish()
            }
            lines = stream.makeAsyncIterator()
        }

        private var isOver = false

        deinit {
            if !isOver { kill(-child.processIdentifier, SIGKILL) }
        }

        func line() async -> String? { await lines.next() }

        func end() async -> ChildEnding {
            kill(child.processIdentifier, SIGTERM)
            isOver = true
            return await child.exit()
        }
    }

    private func client(_ agent: AgentProcess) throws -> ConsulClient {
        try ConsulClient(address: "unix://\(agent.scratch.path)/http.sock")
    }

    @Test(.timeLimit(.minutes(2))) func coordinatesOfNodesAreReturned() async throws {
        let agent = try await AgentProcess.start()
        let client = try client(agent)
        #expect(try await client.coordinates.nodes().isEmpty)
        #expect(try await client.coordinates.node("far").isEmpty)
        let servers = try await client.coordinates.datacenters()
        #expect(servers.map { $0.coordinates.map(\.coordinate) } == [[.origin]])
        for (node, seconds) in [("far", 0.5), ("near", 0.25)] {
            var registration = RegisterRequest()
            registration.node = node
            registration.address = "192.0.2.1"
            try await client.catalog.register(registration)
            var update = CoordinateUpdateRequest()
            update.node = node
            var place = Coordinate.origin
            place.vector[0] = seconds
            update.coordinate = place
            try await client.coordinates.update(update)
        }
        var options = QueryOptions()
        options.minQueryIndex = 1
        while try await client.coordinates.nodes().count < 2 {
            _ = try await client.coordinates.nodes(options)
        }
        let place = try #require(try await client.coordinates.node("far").first)
        #expect(place.coordinate.vector[0] == 0.5)
        var near = QueryOptions()
        near.source.node = "near"
        let nodes = try await client.catalog.nodes(near).map { $0.node }
        #expect(nodes.prefix(2) == ["near", "far"])
        await client.shutdown()
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func examplesPrintTheirDocumentedOutput() async throws {
        let agent = try await AgentProcess.start()
        let client = try client(agent)
        let follower = try Example(agent, ["config-reload", "app/mode"])
        #expect(await follower.line() == "app/mode is not set")
        try await client.kv.put("app/mode", "night")
        #expect(await follower.line() == "app/mode = night")
        #expect(await follower.end() == .exited(0))

        let first = try Example(agent, ["leader-election", "jobs/nightly"])
        #expect(await first.line() == "leading, token given")
        let second = try Example(agent, ["leader-election", "jobs/nightly"])
        try await eventually("both have a session") {
            try await client.sessions.list().count == 2
        }
        #expect(await first.end() == .exited(0))
        #expect(await second.line() == "leading, token given")
        #expect(await second.end() == .exited(0))
        #expect(try await client.sessions.list().isEmpty)

        let service = try Example(agent, ["service-heartbeat", "web", "8080"])
        #expect(await service.line() == "registered web")
        try await eventually("it is healthy") {
            try await client.health.service("web", passingOnly: true).count == 1
        }
        #expect(await service.end() == .exited(0))
        #expect(try await client.agent.services().isEmpty)
        await client.shutdown()
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func keysTransactionsAndEvents() async throws {
        let agent = try await AgentProcess.start()
        let client = try client(agent)
        #expect(try await client.kv.get("a") == nil)
        #expect(try await client.kv.put("a", "1", flags: 7, when: .unchangedSince(0)))
        #expect(try await !client.kv.put("a", "2", when: .unchangedSince(0)))
        let entry = try #require(try await client.kv.get("a"))
        #expect(entry.text == "1")
        #expect(entry.flags == 7)
        try await client.kv.put("b/c", [1, 2])
        #expect(try await client.kv.keys(separator: "/") == ["a", "b/"])
        #expect(try await client.kv.list("b/").map { $0.value.array } == [[1, 2]])

        let swap = TxnStep.setUnchanged("a", [51], since: entry.raftIndex.modifyIndex)
        let done = try await client.transact([.checkNotExists("x"), swap, .get("a")])
        #expect(done.results?.last?.kv?.text == "3")
        let refused = try await client.transact([.get("a"), swap])
        #expect(refused.errors?.map { $0.operationIndex } == [1])

        try await client.events.fire("deploy", Array("v1".utf8))
        try await eventually("the event is listed") {
            try await client.events.list("deploy").map { $0.payload.array } == [Array("v1".utf8)]
        }
        #expect(try await client.kv.delete("a", unchangedSince: 1) == false)
        try await client.kv.deleteAll("")
        #expect(try await client.kv.keys().isEmpty)
        #expect(try await !client.status.leader().isEmpty)
        #expect(try await client.catalog.node("here")?.services.keys.sorted() == ["consul"])
        #expect(try await client.agent.host().memory.total > 0)
        await client.shutdown()
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func stepsDefineTheLifetimeOfKeys() async throws {
        let agent = try await AgentProcess.start()
        let client = try client(agent)
        let done = try await client.transact([
            .set("lease", [1], lives: .limited(.hours(1))),
            .set("a", [2], lives: .with(key: "lease")),
            .setUnchanged("b", [3], since: 0, lives: .with(key: "lease")),
        ])
        #expect(done.results?.map { $0.kv?.lease } == ["", "lease", "lease"])
        #expect(done.results?.first?.kv?.expires.isNever == false)
        let refused = try await client.transact([.set("c", [], lives: .with(key: "a"))])
        #expect(refused.errors?.count == 1)
        await client.shutdown()
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func lostLockCancelsItsBody() async throws {
        let agent = try await AgentProcess.start()
        let client = try client(agent)
        let busy = try await client.withLock("l", within: .zero) { _ in
            let other = try await client.withLock("l", within: .zero) { _ in 1 }
            guard case .notAcquired = other else { return false }
            return true
        }
        guard case .done(true) = busy else { throw NeverHappened(description: "\(busy)") }
        let lost = try await client.withLock("l") { _ in
            for session in try await client.sessions.list() {
                try await client.sessions.destroy(session.id)
            }
            while !Task.isCancelled { try? await Task.sleep(nanoseconds: 1_000_000) }
        }
        guard case .lost = lost else { throw NeverHappened(description: "\(lost)") }
        await client.shutdown()
        await agent.stop()
    }
}
