import ConsulModel
import Glibc
import HTTPTransport
import LocalAgent
import Platform
import TestKit
import Testing
import Wire

/// A booting node starts, in spite of one faulty item.
struct BootTests {
    private static let faulty = """
        {"services": [
           {"name": "w", "port": 70000, "check": {"tcp": "localhost", "interval": "5s"}},
           {"name": "g", "check": {"grpc": "127.0.0.1:1", "interval": "5s"}}],
         "checks": [
           {"id": "scheme", "name": "scheme", "http": "localhost/x", "interval": "5s"},
           {"id": "two", "name": "two", "http": "http://127.0.0.1:1/", "tcp": "127.0.0.1:1",
            "interval": "5s"},
           {"id": "limit", "name": "limit", "tcp": "127.0.0.1:1", "interval": "5s",
            "timeout": "-5s"},
           {"id": "word", "name": "word", "ttl": "60s", "status": "ok"}],
         "watches": [
           {"id": "absent", "type": "key", "key": "k", "args": ["$DIR/handler"]},
           {"id": "state", "type": "checks", "state": "foo", "args": ["true"]},
           {"id": "sound", "type": "key", "key": "k", "args": ["true"]}]}
        """

    @Test func badItemsAreCriticalOrFailedAndTheRestRuns() async throws {
        let agent = try await AgentProcess.start(["faulty.json": Self.faulty])
        let reasons = [
            "service:w": "missing port in address", "service:w:definition": "70000",
            "service:g": "gRPC checks are not supported", "scheme": "begin with http://",
            "two": "http and tcp", "limit": "timeout: -5s", "word": "unknown status \"ok\"",
        ]
        for (id, reason) in reasons {
            let check = try await agent.check(id)
            #expect(check.status == "critical" && check.output.contains(reason), "\(id): \(check)")
        }
        let watches = try JSONReader.decode(
            [WatchStatus].self, from: try await agent.get("/v1/agent/watches").body)
        #expect(watches.map { $0.id } == ["absent", "sound", "state"])
        #expect(watches[0].state == "failed" && watches[0].error.contains("no such file"))
        #expect(watches[1].error.isEmpty)
        #expect(watches[2].state == "failed" && watches[2].error.contains("state"))
        // One line of the log for each, with file, line and column.
        let errors = agent.log.split(separator: "\n").filter {
            $0.contains("[ERROR]") && $0.contains("faulty.json:")
        }
        #expect(errors.count == 9, "\(errors)")
        // A heartbeat revives a check with a harmless fault; a program may be installed later.
        #expect(try await agent.put("/v1/agent/check/pass/word").status == 200)
        try await eventually("the check passes") {
            try await agent.check("word").status == "passing"
        }
        try agent.scratch.write("handler", "#!/bin/sh\ntouch $DIR/ran\n")
        #expect(chmod("\(agent.scratch.path)/handler", 0o755) == 0)
        #expect(try await agent.put("/v1/kv/k", "v").status == 200)
        try await eventually("the handler runs, and the fault is forgotten") {
            let isFaulty = try await !agent.watch("absent").error.isEmpty
            return agent.scratch.exists("ran") && !isFaulty
        }
        // A reload of the same configuration is refused, with all faults named.
        let reload = try await agent.put("/v1/agent/reload")
        #expect(reload.status == 500 && reload.text.contains("70000"))
        await agent.stop()
    }

    @Test func aliasesOfUnknownServicesAreCriticalAndCyclesAreResolved() async throws {
        let fragment = """
            {"services": [{"name": "x", "check": {"alias_service": "y"}},
                          {"name": "y", "checks": [{"id": "back", "alias_service": "x"},
                                                   {"id": "real", "ttl": "60s"}]},
                          {"name": "bare"}],
             "checks": [{"id": "node", "name": "node", "alias_node": "ghost-node",
                         "alias_service": "ghost"},
                        {"id": "itself", "name": "itself", "alias_service": "nothing"},
                        {"id": "bare", "name": "bare", "alias_node": "here",
                         "alias_service": "bare"}]}
            """
        let agent = try await AgentProcess.start(["alias.json": fragment])
        for (id, output) in [
            ("node", "Service ghost could not be found on node ghost-node"),
            ("itself", "Service nothing could not be found on node "),
        ] {
            try await eventually("\(id) says why it is critical") {
                let check = try await agent.check(id)
                return check.status == "critical" && check.output == output
            }
        }
        // Checks of the node affect each of its services.
        for id in ["node", "itself"] {
            #expect(try await agent.put("/v1/agent/check/deregister/\(id)").status == 200)
        }
        #expect(try await agent.put("/v1/agent/check/pass/real").status == 200)
        for id in ["service:x", "back", "bare"] {
            try await eventually("\(id) passes") {
                try await agent.check(id).status == "passing"
            }
        }
        #expect(try await agent.put("/v1/agent/check/fail/real").status == 200)
        try await eventually("the alias follows") {
            try await agent.check("service:x").status == "critical"
        }
        await agent.stop()
    }

    @Test func strictStartRefusesFaultyItems() async throws {
        let agent = try AgentProcess.launch(["faulty.json": Self.faulty], flags: ["-strict"])
        #expect(await agent.exit() == .exited(1))
        #expect(agent.log.contains("70000 is not a port"))
    }

    /// Uses the configuration of HashiCorp's Go client for the servers of its tests.
    @Test func serverOfTheGoClientsTestsStarts() async throws {
        let helper = """
            {"node_id": "b5ca8c2e-7a3d-4d31-bd2f-f6c9dfdf8a0b",
             "performance": {"raft_multiplier": 1}, "bootstrap": true, "server": true,
             "segments": null, "disable_update_check": true,
             "ports": {"https": 21001, "serf_lan": 21002, "serf_wan": 21003, "server": 21004},
             "acl": {"tokens": {}}, "raft_protocol": 3,
             "connect": {"enabled": true,
               "ca_config": {"cluster_id": "11111111-2222-3333-4444-555555555555"}}}
            """
        let agent = try await AgentProcess.start(["helper.json": helper, "extra.json": ""])
        let service = #"{"Name": "web", "Port": 80, "Check": {}}"#
        #expect(try await agent.put("/v1/agent/service/register", service).status == 200)
        try await eventually("it is in the catalog") {
            try await agent.get("/v1/catalog/service/web").text.contains("\"web\"")
        }
        #expect(agent.log.contains("nothing listens on port 21001"))
        let ports = agent.log.split(separator: "\n").filter { $0.contains("these ports") }
        #expect(ports.count == 1 && ports[0].contains("ports.server"), "\(ports)")
        #expect(!agent.log.contains("ports.grpc"))
        await agent.stop()
    }
}
