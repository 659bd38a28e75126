import ConsulModel
import ConsulServer
import ConsulState
import Primitives
import Testing
import Wire

private func message(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "no error"
    } catch {
        return "\(error)"
    }
}

/// Texts were read off HashiCorp Consul 1.8.7.
@Suite struct EndpointTests {
    let server: Server
    init() throws { server = try Server() }

    @Test func registrationsAreValidated() async {
        func refused(_ change: (inout RegisterRequest) -> Void) async -> String {
            var request = RegisterRequest()
            change(&request)
            return await message { [request] in
                _ = try await server.backend.call(.catalogRegister, request)
            }
        }
        #expect(await refused { _ in } == "Must provide node")
        #expect(
            await refused { $0.node = "n" }
                == "Must provide address if SkipNodeUpdate is not set")
        func complete(_ request: inout RegisterRequest) {
            request.node = "n"
            request.address = "1.1.1.1"
        }
        let badID = await refused {
            complete(&$0)
            $0.id = "xyz"
        }
        #expect(badID == "Bad node ID: uuid string is wrong length")
        let otherDatacenter = await refused {
            complete(&$0)
            $0.datacenter = "dc7"
        }
        #expect(otherDatacenter == "No path to datacenter")
        let nameless = await refused {
            complete(&$0)
            $0.service = NodeService()
            $0.service?.id = "x"
        }
        #expect(nameless == "Must provide service name with ID")
        let orphan = await refused {
            complete(&$0)
            $0.check = HealthCheck()
            $0.check?.name = "cc"
            $0.check?.serviceID = "nosuch"
        }
        #expect(orphan == "failed inserting check: Missing service registration on node \"n\"")
        let noNode = await message {
            _ = try await server.backend.call(.catalogDeregister, DeregisterRequest())
        }
        #expect(noNode == "Must provide node")
    }

    @Test func unknownSessionsAreRefused() async throws {
        func locked(_ operation: KVOperation, _ session: String) async -> String {
            var entry = KVEntry()
            entry.key = "a"
            entry.session = session
            let request = KVSRequest(operation, entry)
            return await message {
                let isApplied = try await server.backend.call(.kvsApply, request)
                #expect(!isApplied)
            }
        }
        let id = "e3c1d3ce-6f4c-4d3c-9d33-1b9b0f43b3b3"
        #expect(await locked(.lock, "") == "missing session")
        #expect(
            await locked(.lock, "bad")
                == "failed session lookup: index error: UUID must be 36 characters")
        #expect(await locked(.lock, id) == "invalid session \"\(id)\"")
        #expect(await locked(.unlock, id) == "no error")
    }

    @Test func readsReturnRequestedRecordsOnly() async throws {
        try await server.register("n1", service: "Web", meta: ["rack": "r1"])
        try await server.register("n2", service: "Web", check: "c", status: "critical")
        func nodes(_ change: (inout ServiceSpecificRequest) -> Void) async throws -> [String] {
            var query: ServiceSpecificRequest = server.query("web")
            change(&query)
            return try await server.backend.call(.healthServiceNodes, query).value.map(\.node.node)
        }
        #expect(try await nodes { _ in } == ["n1", "n2"])
        #expect(try await nodes { $0.passingOnly = true } == ["n1"])
        #expect(try await nodes { $0.options.nodeMeta = ["rack": "r1"] } == ["n1"])
        #expect(try await nodes { $0.options.filter = "Node.Node != n1" } == ["n2"])
        #expect(try await nodes { $0.tags = ["x"] } == [])
        let bad = await message { _ = try await nodes { $0.options.filter = "x ==" } }
        #expect(bad.hasPrefix("Failed to create boolean expression evaluator: 1:5 (4)"))
        let away = await message { _ = try await nodes { $0.options.datacenter = "dc9" } }
        #expect(away == "No path to datacenter")
        var query: DCSpecificRequest = server.query()
        query.options.nodeMeta = ["rack": "r1"]
        let listed = try await server.backend.call(.catalogListNodes, query)
        #expect(listed.value.map(\.node) == ["n1"])
        #expect(try await server.backend.call(.catalogListServices, query).value == ["Web": []])
        var checks: ChecksInStateRequest = server.query("any")
        checks.options.nodeMeta = ["rack": "r1"]
        #expect(try await server.backend.call(.healthChecksInState, checks).value.isEmpty)
    }

    @Test func theServerEntersItself() async throws {
        var identity = ServerIdentity()
        identity.node = "me"
        identity.address = "127.0.0.1"
        identity.meta = ["version": "1"]
        for _ in 0..<2 {
            let box = Box<EmptyReply>()
            server.backend.registerSelf(identity) { box.fill($0) }
            _ = try await box.answer()
            let services = try await server.backend.call(
                .catalogNodeServiceList, server.query("me"))
            #expect(services.value.services?.map(\.port) == [8300])
            #expect(services.meta.index == 3)
            let checks = try await server.backend.call(.healthNodeChecks, server.query("me"))
            #expect(checks.value.map(\.checkID) == ["serfHealth"])
            #expect(checks.meta.index == 3)
        }
        #expect(try await server.backend.call(.statusLeader, server.query()) == "127.0.0.1:8300")
        #expect(
            try await server.backend.call(.statusPeers, server.query()) == ["127.0.0.1:8300"])
        #expect(
            try await server.backend.call(.catalogListDatacenters, server.query()) == ["dc1"])
    }
}
