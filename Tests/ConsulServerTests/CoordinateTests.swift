import ConsulModel
import ConsulState
import Primitives
import Testing
import Vivaldi

@testable import ConsulServer

/// The positions of nodes, and reads sorted by them. Updates are written when a test advances the
/// clock.
@Suite struct CoordinateTests {
    private func server() throws -> Server {
        try Server { $0.coordinateUpdatePeriod = .hours(24) }
    }

    private func place(_ seconds: Double) -> Coordinate {
        var place = Coordinate.origin
        place.vector[0] = seconds
        return place
    }

    private func sendUpdate(
        _ server: Server, _ node: String, _ seconds: Double, segment: String = ""
    ) async throws {
        var request = CoordinateUpdateRequest()
        request.node = node
        request.segment = segment
        request.coordinate = place(seconds)
        _ = try await server.backend.call(.coordinateUpdate, request)
    }

    private func known(_ server: Server) async throws -> [String] {
        try await server.backend.call(.coordinateListNodes, server.query("")).value.map {
            "\($0.node)\($0.segment):\($0.coordinate.vector[0])"
        }
    }

    @Test func theLatestOfEachNodeIsWrittenAtOnce() async throws {
        let server = try server()
        for node in ["a", "b"] { try await server.register(node) }
        for seconds in [1.0, 2, 3] { try await sendUpdate(server, "a", seconds) }
        try await sendUpdate(server, "b", 4)
        try await sendUpdate(server, "b", 5, segment: "west")
        try await sendUpdate(server, "unknown", 6)
        #expect(try await known(server) == [])
        let before = server.backend.state.load().index
        server.backend.coordinateUpdates.flush()
        #expect(try await known(server) == ["a:3.0", "b:4.0", "bwest:5.0"])
        #expect(server.backend.state.load().index == before + 1)
        // An update without news is not written.
        try await sendUpdate(server, "a", 3)
        try await sendUpdate(server, "unknown", 7)
        server.backend.coordinateUpdates.flush()
        #expect(server.backend.state.load().index == before + 1)
        await server.backend.stop()
    }

    @Test func moreThanFiveBatchesAreDropped() async throws {
        let server = try server()
        for number in 0..<650 {
            try await server.register("n\(number)")
            try await sendUpdate(server, "n\(number)", 1)
        }
        let before = server.backend.state.load().index
        server.backend.coordinateUpdates.flush()
        #expect(try await known(server).count == 640)
        #expect(server.backend.state.load().index == before + 5)
        await server.backend.stop()
    }

    @Test func invalidCoordinateIsRefused() async throws {
        let server = try server()
        var request = CoordinateUpdateRequest()
        request.node = "a"
        var broken = Coordinate.origin
        broken.height = .nan
        let refusals: [(Coordinate?, String)] = [
            (nil, "Missing Coord: where the node stands"),
            (Coordinate(), "incompatible coordinate"), (broken, "invalid coordinate"),
        ]
        for (coordinate, text) in refusals {
            request.coordinate = coordinate
            await #expect {
                _ = try await server.backend.call(.coordinateUpdate, request)
            } throws: {
                ($0 as? ConsulError)?.message == text
            }
        }
        request.datacenter = "elsewhere"
        await #expect(throws: ConsulError.self) {
            _ = try await server.backend.call(.coordinateUpdate, request)
        }
        await server.backend.stop()
    }

    @Test func queryForANodesCoordinateBlocks() async throws {
        let server = try server()
        for node in ["a", "b"] { try await server.register(node) }
        let ofA = try await server.park(.coordinateNode, "A")
        let ofAll = try await server.park(.coordinateListNodes)
        try await sendUpdate(server, "b", 1)
        server.backend.coordinateUpdates.flush()
        #expect(try await ofAll.answer().value.count == 1)
        try await server.settle()
        #expect(!ofA.isAnswered)
        try await sendUpdate(server, "a", 2)
        server.backend.coordinateUpdates.flush()
        #expect(try await ofA.answer().value.map(\.node) == ["A"])
        await server.backend.stop()
    }

    // MARK: Order

    private func names(_ server: Server, near: String, address: String = "") async throws
        -> String
    {
        var query: ServiceSpecificRequest = server.query("web")
        query.options.source.node = near
        query.options.source.ip = address
        let found = try await server.backend.call(.healthServiceNodes, query)
        let order = found.value.map { $0.node.node }.joined()
        let nodes = try await server.backend.call(.catalogServiceNodes, query)
        #expect(nodes.value.map { $0.node.node }.joined() == order)
        let all = DCSpecificRequest(query.options)
        let catalog = try await server.backend.call(.catalogListNodes, all)
        #expect(catalog.value.map { $0.node }.joined() == order)
        let checks = try await server.backend.call(.healthServiceChecks, query)
        #expect(checks.value.map { $0.node }.joined() == order)
        let state = ChecksInStateRequest("passing", query.options)
        let passing = try await server.backend.call(.healthChecksInState, state)
        #expect(passing.value.map { $0.node }.joined() == order)
        #expect(found.meta.isByRoundTrip == passing.meta.isByRoundTrip)
        return (found.meta.isByRoundTrip ? "" : "unsorted ") + order
    }

    /// Nodes a to f; the expected order is that of HashiCorp Consul 1.8.7.
    private func scattered() async throws -> Server {
        let server = try server()
        for node in ["a", "b", "c", "d", "e", "f"] {
            try await server.register(node, service: "web")
            try await server.register(node, check: "c", on: "web")
        }
        for (node, seconds) in [("a", 0.03), ("b", 0.01), ("c", 0.02), ("d", 0.01)] {
            try await sendUpdate(server, node, seconds)
        }
        try await sendUpdate(server, "e", 0.01, segment: "west")
        server.backend.coordinateUpdates.flush()
        return server
    }

    @Test func theNearestComesFirst() async throws {
        let server = try await scattered()
        #expect(try await names(server, near: "b") == "bdcaef")
        #expect(try await names(server, near: "A") == "acbdef")
        // In another segment than all others.
        #expect(try await names(server, near: "e") == "eabcdf")
        for unknown in ["f", "unknown", ""] {
            #expect(try await names(server, near: unknown) == "unsorted abcdef")
        }
        await server.backend.stop()
    }

    @Test func addressNamesItsNode() async throws {
        let server = try await scattered()
        var request = RegisterRequest()
        request.node = "c"
        request.address = "10.0.0.3"
        request.taggedAddresses = ["wan": "198.51.100.3"]
        _ = try await server.backend.call(.catalogRegister, request)
        #expect(try await names(server, near: "a", address: "10.0.0.3") == "cabdef")
        #expect(try await names(server, near: "a", address: "198.51.100.3") == "cabdef")
        #expect(try await names(server, near: "a", address: "10.9.9.9") == "acbdef")
        await server.backend.stop()
    }

    /// A position moves the versions of reads sorted by distance, and no others.
    @Test func coordinatesMoveTheirVersions() async throws {
        let server = try await scattered()
        let backend = server.backend
        func versions() -> [UInt64] {
            [
                .wholeByRoundTrip, .serviceByRoundTrip("web"), .whole, .service("web"), .node("a"),
            ].map { (part: CatalogPart) in backend.catalogVersion(of: part) ?? 0 }
        }
        let before = versions()
        try await sendUpdate(server, "a", 0.5)
        backend.coordinateUpdates.flush()
        #expect(zip(before, versions()).map { $0 != $1 } == [true, true, false, false, false])
        await backend.stop()
    }
}
