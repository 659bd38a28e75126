import ConsulModel
import Testing

@testable import ConsulConfig

@Suite struct ReloadTests {
    private func config(_ yaml: String) throws -> RuntimeConfig {
        let outcome = load([("a.yaml", yaml)])
        #expect(outcome.errors.isEmpty, "\(outcome.errors)")
        return try #require(outcome.config)
    }

    @Test func reloadReportsChangesAndRestarts() throws {
        let old = try config(
            """
            log_level: info
            acl_token: aaa
            ports: {http: 1000}
            services: [{name: kept}, {name: gone}, {name: moved, port: 1}]
            check: {name: c, ttl: 10s}
            watches:
              - {type: key, key: a, args: [x]}
              - {type: key, key: a, args: [y]}
              - {type: key, key: b, args: [x]}
            """)
        let new = try config(
            """
            log_level: warn
            acl_token: bbb
            ports: {http: 2000}
            services: [{name: moved, port: 2}, {name: kept}, {name: fresh}]
            check: {name: c, ttl: 10s}
            watches:
              - {type: key, key: b, args: [x, z]}
              - {type: key, key: a, args: [x]}
              - {type: key, key: a, args: [y]}
            """)
        let difference = ConfigDifference(from: old, to: new)
        #expect(
            difference.report == [
                #"setting log_level: "INFO" -> "WARN""#,
                "service fresh: added", "service moved: changed", "service gone: removed",
                "watch key:b: changed",
                "setting ports.http: 1000 -> 2000 (needs a restart)",
                #"setting acl_token: "hidden" -> "hidden" (needs a restart)"#,
            ])
        #expect(difference.services.unchanged == ["kept"] && difference.checks.unchanged == ["c"])
        #expect(difference.watches.unchanged == ["key:a", "key:a#2"])

        let merged = old.reloaded(with: new)
        #expect(merged.logging.level == "WARN" && merged.ports.http == 1000)
        #expect(merged.services.count == 3)
        let waiting = ConfigDifference(from: merged, to: new)
        #expect(waiting.settings.map { $0.name } == ["ports.http", "acl_token"])
        #expect(ConfigDifference(from: new, to: new).isEmpty)
    }

    @Test func effectiveConfigurationNamesEverySource() throws {
        let outcome = load(
            [
                ("1.yaml", "recursors: [1.1.1.1]\nnode_meta:\n  a: '1'\n  b: '2'\n"),
                (
                    "2.json",
                    #"{"recursors": ["8.8.8.8"], "node_meta": {"b": "3"}, "acl_token": "k","#
                        + #""service": {"name": "web", "token": "t"}}"#
                ),
            ], flags: [FlagValue("dev"), FlagValue("http-port", "9000")])
        let lines = try #require(outcome.config).effective.map { $0.description }
        for line in [
            #"recursors = ["1.1.1.1","8.8.8.8"]  # 1.yaml:1:1, 2.json:1:2"#,
            #"node_meta.a = "1"  # 1.yaml:3:3"#, #"node_meta.b = "3"  # 2.json:1:42"#,
            "ports.http = 9000  # -http-port", #"log_level = "DEBUG"  # -dev"#,
            #"node_name = "host1"  # default"#, #"max_query_time = "10m0s"  # default"#,
            #"acl_token = "hidden"  # 2.json:1:53"#,
            #"services[0] = {"Name":"web","Token":"hidden"}  # 2.json:1:81"#,
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test func settingTableIsConsistent() {
        #expect(Set(SettingTable.all.map { $0.name }).count == SettingTable.all.count)
        let flags = AgentFlag.all.map { $0.name }
        #expect(Set(flags).count == flags.count)
        for name in ["node", "bind", "data-dir", "retry-join", "config-dir", "dev", "server"] {
            #expect(flags.contains(name))
        }
        for setting in SettingTable.all { #expect(setting.problem(RuntimeConfig()) == nil) }
        #expect(SettingTable.all.allSatisfy { !$0.meaning.isEmpty })
        #expect(
            SettingTable.reference.contains(
                "| `log_level` | string | `\"INFO\"` | yes | `-log-level` | "
                    + "Log level of the agent. |"
            ))
        #expect(snakeCase("TLSSkipVerify") == "tls_skip_verify")
        #expect(snakeCase("HTTPHandlerConfig") == "http_handler_config")
        #expect(snakeCase("GRPCUseTLS") == "grpc_use_tls")
        #expect(snakeCase("ServiceID") == "service_id")
    }
}
