import TestKit
import Testing
import Wire

/// Tests the additions of `consul rtt` to Consul's.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: Program.isOursThere))
struct RTTTests {
    private static func put(_ uri: String, _ body: String, _ agent: PeerAgent) throws {
        let line = try #require(HTTPLine("PUT \(uri) <<< \(body)"))
        #expect(try RawHTTP.ask(line, port: agent.httpPort).status == "HTTP/1.1 200 OK")
    }

    /// Registers three nodes with coordinates; `lone` is in a segment of its own.
    private static func scatter(_ agent: PeerAgent) async throws {
        let coordinates = [
            ("a", "", "[0.03,0,0,0,0,0,0,0]"), ("b", "", "[0,0.04,0,0,0,0,0,0]"),
            ("lone", "west", "[0,0,0,0,0,0,0,0]"),
        ]
        for (node, segment, vector) in coordinates {
            try put("/v1/catalog/register", #"{"Node":"\#(node)","Address":"192.0.2.1"}"#, agent)
            let coordinate = #""Coord":{"Vec":\#(vector),"Height":0.0001}"#
            try put(
                "/v1/coordinate/update",
                #"{"Node":"\#(node)","Segment":"\#(segment)",\#(coordinate)}"#, agent)
        }
        let nodes = HTTPLine("GET", "/v1/coordinate/nodes")
        try await eventually("the coordinates are stored") {
            try RawHTTP.ask(nodes, port: agent.httpPort).body.contains("lone")
        }
    }

    @Test func showsAllRoundTrips() async throws {
        let agent = try await PeerAgent(.ours)
        let scratch = try Scratch(.ours, "run-rtt")
        defer { scratch.remove() }
        func run(_ text: String) async throws -> CommandRun {
            try await CommandRun.one(
                CommandLineText(mark: nil, text: "consul rtt \(text)"), in: scratch,
                against: agent, masks: false)
        }
        do {
            try await Self.scatter(agent)
            #expect(
                try await run("-all").output == """
                    Node (LAN, ms)  a       b       lone
                    a               -       50.200  ?
                    b               50.200  -       ?
                    lone            ?       ?       -

                    """)
            #expect(
                try await run("-all b a").output == """
                    Node (LAN, ms)  b       a
                    b               -       50.200
                    a               50.200  -

                    """)
            let rows = try JSONReader.decode(
                JSONValue.self, from: Array(try await run("-all -format=json").output.utf8))
            #expect(rows.arrayValue?.count == 3)
            #expect(rows.arrayValue?.first?["Milliseconds"] == .double(50.2))
            #expect(rows.arrayValue?.last?["Milliseconds"] == .null)
            let pair = try await run("-format=json a b")
            let estimate = try JSONReader.decode(JSONValue.self, from: Array(pair.output.utf8))
            #expect(estimate["Node2"]?.stringValue == "b")
            #expect(estimate["Area"]?.stringValue == "LAN")
            let none = try await run("-all a nobody")
            #expect(none.code == 1)
            #expect(none.errorOutput == "Could not find a coordinate for node \"nobody\"\n")
            #expect(
                try await run("-all -wan").output == """
                    Node (WAN, ms)  interop.dc1
                    interop.dc1     -

                    """)
        } catch {
            await agent.stop()
            throw error
        }
        await agent.stop()
    }
}
