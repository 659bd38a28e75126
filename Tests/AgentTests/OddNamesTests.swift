import ConsulModel
import HTTPTransport
import NIOHTTP1
import Platform
import Primitives
import TestKit
import Testing
import Wire

/// Every name that Consul accepts in a registration can be found and removed, and misspelled ones
/// are named.
@Suite(.timeLimit(.minutes(2))) struct OddNamesTests {
    private static let ids = [
        "x_https://a.example.com", "/lead", "trail/", "a//b", "..", ".", "a/../b",
        "10.0.0.1:9062\u{2028}name=y", "a b%41?c#d", "line\nbreak",
    ]

    private static func escaped(_ id: String) -> String {
        id.utf8.map { byte in
            let isPlain = byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == 0x2E
            let hex = String(byte, radix: 16, uppercase: true)
            return isPlain
                ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + hex
        }.joined()
    }

    private static func json(_ id: String, _ more: String) -> String {
        let id = String(decoding: JSONWriter.encode(id), as: UTF8.self)
        return #"{"ID": \#(id), "Name": "odd", \#(more)}"#
    }

    @Test(arguments: ids) func everyIDCanBeReachedAndRemoved(_ id: String) async throws {
        let agent = try await AgentProcess.start()
        let path = Self.escaped(id)
        let service = Self.json(id, #""Port": 1"#)
        #expect(try await agent.put("/v1/agent/service/register", service).status == 200)
        #expect(try await agent.get("/v1/agent/service/\(path)").status == 200)
        for enable in ["true", "false"] {
            let maintenance = "/v1/agent/service/maintenance/\(path)?enable=\(enable)"
            #expect(try await agent.put(maintenance).status == 200)
        }
        let check = Self.json(id, #""TTL": "30s""#)
        #expect(try await agent.put("/v1/agent/check/register", check).status == 200)
        #expect(try await agent.put("/v1/agent/check/pass/\(path)").status == 200)
        #expect(try await agent.check(id).status == "passing")
        #expect(try await agent.put("/v1/agent/check/deregister/\(path)").status == 200)
        #expect(try await agent.get("/v1/agent/checks").text == "{}")
        #expect(try await agent.put("/v1/agent/service/deregister/\(path)").status == 200)
        #expect(try await agent.get("/v1/agent/services").text == "{}")
        // The command line finds it too.
        #expect(try await agent.put("/v1/agent/service/register", service).status == 200)
        let command = try ChildProcess.start(
            ProcessSpec([
                AgentProcess.program, "services", "deregister",
                "-http-addr=unix://\(agent.scratch.path)/http.sock", "-id=\(id)",
            ]))
        #expect(await command.exit() == .exited(0))
        #expect(try await agent.get("/v1/agent/services").text == "{}")
        await agent.stop()
    }

    /// Keys are chosen by clients too: an escaped `/` belongs to them.
    @Test func escapedKeysStayUnchanged() async throws {
        let agent = try await AgentProcess.start()
        for key in ["a%2F%2Fb", "%2Flead", "%2E%2E%2Fx"] {
            #expect(try await agent.put("/v1/kv/\(key)", "1").status == 200)
            #expect(try await agent.get("/v1/kv/\(key)?raw").text == "1")
        }
        #expect(
            try await agent.get("/v1/kv/?keys&separator=").text == #"["../x","/lead","a//b"]"#)
        await agent.stop()
    }

    @Test func unknownFieldsAreNamed() async throws {
        let agent = try await AgentProcess.start()
        for (path, body, reason) in [
            (
                "agent/service/register", #"{"Name": "a", "Prot": 80}"#,
                #"Request decode failed: json: unknown field "Prot" (did you mean "Port"?)"#
            ),
            (
                "agent/service/register", #"{"Name": "a", "Check": {"TTL": "3s", "Bogus": 1}}"#,
                #"Request decode failed: json: unknown field "Bogus""#
            ),
            (
                "agent/check/register", #"{"Name": "a", "Intervall": "1s"}"#,
                #"Request decode failed: json: unknown field "Intervall" "#
                    + #"(did you mean "Interval"?)"#
            ),
            (
                "catalog/register", #"{"Node": "n", "Address": "a", "Service": {"Sevrice": "x"}}"#,
                #"Request decode failed: json: unknown field "Sevrice" (did you mean "Service"?)"#
            ),
            (
                "catalog/deregister", #"{"Nod": "n"}"#,
                #"Request decode failed: json: unknown field "Nod" (did you mean "Node"?)"#
            ),
            (
                "agent/service/register",
                #"{"Name": "a", "Connect": {"SidecarService": {"Prot": 80}}}"#,
                #"Request decode failed: json: unknown field "Prot" (did you mean "Port"?)"#
            ),
            (
                "agent/check/update/x", #"{"Statsu": "passing"}"#,
                #"Request decode failed: json: unknown field "Statsu" (did you mean "Status"?)"#
            ),
            (
                "txn", #"[{"KV": {"Verb": "set", "Kye": "a"}}]"#,
                #"Failed to parse body: json: unknown field "Kye" (did you mean "Key"?)"#
            ),
        ] {
            let answer = try await agent.put("/v1/\(path)", body)
            #expect(answer.status == 400 && answer.text == reason, "\(answer.text)")
        }
        // Consul accepts any field of a session, and newer versions have more fields.
        for (path, body) in [
            ("session/create", #"{"Bogus": 1}"#),
            (
                "agent/service/register",
                #"{"Name": "a", "Namespace": "default", "Partition": "default", "Locality": {},"#
                    + #""Proxy": {"Mode": "", "TransparentProxy": {},"#
                    + #""LocalServiceSocketPath": ""}}"#
            ),
            // The form in which Go's client sends it.
            (
                "catalog/deregister",
                #"{"Node": "n", "Address": "", "Datacenter": "", "ServiceID": "", "CheckID": ""}"#
            ),
            (
                "catalog/register",
                #"{"Node": "n", "Address": "10.0.0.1","#
                    + #""Service": {"Service": "s", "Datacenter": ""}}"#
            ),
        ] {
            let answer = try await agent.put("/v1/\(path)", body)
            #expect(answer.status == 200, "\(answer.text)")
        }
        await agent.stop()
    }

    @Test func nodesAreFoundByTheirIDs() async throws {
        let agent = try await AgentProcess.start()
        func register(_ name: String, _ last: String) async throws {
            let id = "40e4a748-2192-161a-0510-9bf59fe950b\(last)"
            let body = #"{"ID": "\#(id)", "Node": "\#(name)", "Address": "10.9.3.1","#
                + #""Service": {"Service": "np"}, "Check": {"CheckID": "nc", "Name": "nc"}}"#
            #expect(try await agent.put("/v1/catalog/register", body).status == 200)
        }
        try await register("one", "5")
        let reads = ["catalog/node/", "catalog/node-services/", "health/node/"]
        for id in ["40e4a748", "40E4A748-2192-161a-0510-9bf59fe950b5"] {
            for read in reads {
                let answer = try await agent.get("/v1/\(read)\(id)")
                #expect(answer.text.contains(#""Node":"one""#), "\(read)\(id): \(answer.text)")
            }
        }
        // Too short for an ID's prefix.
        #expect(try await agent.get("/v1/catalog/node/40e4a74").text == "null")
        try await register("two", "6")
        for read in reads {
            let answer = try await agent.get("/v1/\(read)40e4a748")
            #expect(answer.status == 400)
            for node in ["one", "two"] { #expect(answer.text.contains("\(node) (40e4a748-")) }
        }
        let id = "40e4a748-2192-161a-0510-9bf59fe950b6"
        #expect(try await agent.get("/v1/catalog/node/\(id)").text.contains(#""Node":"two""#))
        await agent.stop()
    }

    @Test func unroutableAddressesAreRefused() async throws {
        let agent = try await AgentProcess.start()
        for address in ["0.0.0.0", "::", "[::]"] {
            let service = #"{"ID": "s", "Service": "s", "Address": "\#(address)"}"#
            let node = #"{"Node": "n", "Address": "10.0.0.1""#
            let one = try await agent.put(
                "/v1/catalog/register", node + #", "Service": \#(service)}"#)
            #expect(one.status == 500 && one.text == "Invalid service address")
            try await agent.put("/v1/catalog/register", node + "}")
            let txn = try await agent.put(
                "/v1/txn", #"[{"Service": {"Verb": "set", "Node": "n", "Service": \#(service)}}]"#)
            #expect(txn.status == 409 && txn.text.contains("Invalid service address"))
        }
        await agent.stop()
    }
}
