import ConsulClient
import Testing

/// Runs the client library against each of the two agents.
@Suite(.serialized) struct ClientLibraryTests {
    /// Runs each kind of step on nodes, services and checks, with and without success.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: Program.allCases.filter { $0 == .ours || Program.isPeerThere })
    func transactionsOnTheCatalog(_ program: Program) async throws {
        let agent = try await PeerAgent(program)
        let client = try ConsulClient(address: "127.0.0.1:\(agent.httpPort)")
        await #expect(throws: Never.self) { try await CatalogTransactions.play(on: client) }
        await client.shutdown()
        await agent.stop()
    }
}

/// Sends transactions on nodes, services and checks as a program writes them; the agent judges
/// them.
enum CatalogTransactions {
    private static func node(_ name: String, _ address: String) -> Node {
        var node = Node()
        node.node = name
        node.address = address
        node.meta = ["rack": "7"]
        return node
    }

    private static func service(_ name: String, port: Int) -> NodeService {
        var service = NodeService()
        service.service = name
        service.port = port
        service.tags = ["v1"]
        return service
    }

    private static func check(_ id: String, _ status: String, of service: String) -> HealthCheck {
        var check = HealthCheck()
        check.node = "box"
        check.checkID = id
        check.name = id
        check.status = status
        check.serviceID = service
        return check
    }

    static func play(on client: ConsulClient) async throws {
        let made = try await client.transact([
            .setNodeUnchanged(node("box", "10.0.0.9"), since: 0),
            .setService(service("web", port: 80), node: "box"),
            .setCheck(check("alive", "passing", of: "web")),
            .getNode("box"), .getService("web", node: "box"), .getCheck("alive", node: "box"),
        ])
        let results = try #require(made.results, "\(made)")
        #expect(results.count == 6)
        #expect(results[3].node?.meta == ["rack": "7"])
        #expect(results[4].service?.port == 80)
        #expect(results[5].check?.status == "passing" && results[5].check?.serviceName == "web")
        #expect(try await client.health.service("web").count == 1)

        let nodeIndex = try #require(results[3].node).raftIndex.modifyIndex
        let serviceIndex = try #require(results[4].service).raftIndex.modifyIndex
        let checkIndex = try #require(results[5].check).raftIndex.modifyIndex
        let refused = try await client.transact([
            .setNodeUnchanged(node("box", "10.0.0.8"), since: nodeIndex + 1),
            .setServiceUnchanged(
                service("web", port: 81), node: "box", since: serviceIndex),
            .setCheckUnchanged(check("alive", "warning", of: "web"), since: checkIndex + 1),
            .deleteServiceUnchanged("none", node: "box", since: 1),
            .getNode("none"), .getCheck("none", node: "box"),
        ])
        #expect(refused.results == nil)
        #expect(refused.errors?.map { $0.operationIndex } == [0, 2, 3, 4, 5], "\(refused)")
        #expect(try await client.catalog.service("web").map { $0.service.port } == [80])

        let changed = try await client.transact([
            .setServiceUnchanged(service("web", port: 81), node: "box", since: serviceIndex),
            .setCheckUnchanged(check("alive", "warning", of: "web"), since: checkIndex),
            .setNode(node("box", "10.0.0.8")),
        ])
        #expect(changed.results?.count == 3, "\(changed)")
        #expect(try await client.catalog.service("web").map { $0.service.port } == [81])
        let state = try await client.transact([
            .getNode("box"), .getService("web", node: "box"), .getCheck("alive", node: "box"),
        ])
        let now = try #require(state.results)
        let deleted = try await client.transact([
            .deleteCheckUnchanged(
                "alive", node: "box", since: try #require(now[2].check).raftIndex.modifyIndex),
            .deleteService("web", node: "box"),
            .setService(service("db", port: 1), node: "box"),
            .deleteCheck("none", node: "box"),
            .deleteNodeUnchanged(
                "box", since: try #require(now[0].node).raftIndex.modifyIndex),
        ])
        #expect(deleted.errors == nil, "\(deleted)")
        let gone = try await client.transact([.deleteNode("box"), .getNode("box")])
        #expect(gone.errors?.map { $0.operationIndex } == [1])
        #expect(try await client.catalog.service("web").isEmpty)
    }
}
