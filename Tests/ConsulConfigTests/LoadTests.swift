import ConsulModel
import Primitives
import Testing
import Wire

@testable import ConsulConfig

@Suite struct LoadTests {
    func config(
        _ files: [(String, String)], flags: [FlagValue] = [FlagValue("dev")]
    ) throws -> RuntimeConfig {
        let outcome = load(files, flags: flags)
        #expect(outcome.errors.isEmpty, "\(outcome.errors)")
        return try #require(outcome.config)
    }

    @Test func laterScalarsWinListsAppendMapsOverlaySectionsMeet() throws {
        let config = try config([
            (
                "1.yaml",
                "log_level: warn\nrecursors: [1.1.1.1]\nnode_meta: {a: '1', b: '2'}\n"
                    + "ports: {http: 1000, dns: 1001}\nservice: {name: x}\nconnect: "
                    + "{ca_config: {a: 1, l: [1]}}\n"
            ),
            (
                "2.json",
                #"{"log_level": "ERROR", "recursors": ["8.8.8.8"], "node_meta": {"b": "3"},"#
                    + #""ports": {"http": 2000}, "services": [{"Name": "y"}],"#
                    + #""connect": {"ca_config": {"b": 2, "l": [2]}}, "pid_file": null}"#
            ),
        ])
        #expect(config.logging.level == "ERR")
        #expect(config.dns.recursors == ["1.1.1.1", "8.8.8.8"])
        #expect(config.node.meta == ["a": "1", "b": "3"])
        #expect(config.ports.http == 2000 && config.ports.dns == 1001)
        #expect(config.services.map { $0.definition.name } == ["x", "y"])
        let ca: JSONValue? = config.stored("connect.ca_config")
        #expect(
            ca
                == .object([
                    "a": .integer(1), "b": .integer(2), "l": .array([.integer(1), .integer(2)]),
                ]))
        #expect(config.notActedOn.map { $0.name } == ["connect.ca_config"])
    }

    @Test func flagsComeLast() throws {
        let config = try config(
            [("1.yaml", "log_level: warn\nrecursors: [1.1.1.1]\ndatacenter: East\n")],
            flags: [
                FlagValue("dev"), FlagValue("recursor", "9.9.9.9"), FlagValue("log-level", "info"),
                FlagValue("node-meta", "rack:a:1"), FlagValue("config-file", "1.yaml"),
                FlagValue("server", "true"), FlagValue("client", "127.0.0.1 ::1"),
            ])
        #expect(config.logging.level == "INFO")
        #expect(config.dns.recursors == ["1.1.1.1", "9.9.9.9"])
        #expect(config.node.meta == ["rack": "a:1"])
        #expect(config.node.datacenter == "east" && config.node.primaryDatacenter == "east")
        #expect(
            config.listen.http.map { $0.description } == ["127.0.0.1:8500", "[::1]:8500"])
    }

    @Test func theModesAndTheirDefaults() throws {
        let dev = try config([])
        #expect(dev.devMode && dev.node.server && dev.listen.bind == "127.0.0.1")
        #expect(dev.logging.level == "DEBUG" && dev.ports.grpc == 8502 && dev.node.enableDebug)
        #expect(dev.node.name == "host1" && dev.listen.advertise == "127.0.0.1")
        #expect(!dev.node.leaveOnTerminate && dev.node.skipLeaveOnInterrupt)
        #expect(dev.ui.isEnabled && dev.notActedOn.isEmpty)

        let client = try config([], flags: [FlagValue("data-dir", "/d")])
        #expect(client.node.leaveOnTerminate && !client.node.skipLeaveOnInterrupt)
        #expect(client.listen.advertise == "10.0.0.5" && client.listen.bind == "0.0.0.0")
        #expect(
            client.listen.taggedAddresses == [
                "lan": "10.0.0.5", "lan_ipv4": "10.0.0.5", "wan": "10.0.0.5",
                "wan_ipv4": "10.0.0.5",
            ])
        #expect(client.limits.httpMaxConnectionsPerClient == 200)
        #expect(client.limits.defaultQueryTime == .seconds(300))
        #expect(client.checkRules.updateInterval == .minutes(5) && client.node.disableRemoteExec)
        #expect(client.listen.grpc.isEmpty && client.listen.https.isEmpty)
        #expect(client.listen.dns == [.tcp(host: "127.0.0.1", port: 8600)])
    }

    @Test func devModeIsAloneAndMayBootstrap() {
        for flag in [FlagValue("bootstrap"), FlagValue("bootstrap-expect", "1")] {
            let config = load([], flags: [FlagValue("dev"), flag]).config
            #expect(config?.node.bootstrap == true && config?.devMode == true)
        }
        #expect(
            errors([], flags: [FlagValue("dev"), FlagValue("bootstrap-expect", "3")]) == [
                "-bootstrap-expect: a server in -dev mode is alone: it expects no others"
            ])
    }

    @Test func bootstrapNeedsAServerAndExcludesExpect() {
        let flags = [FlagValue("data-dir", "/d")]
        #expect(
            errors([("a.yaml", "bootstrap: true\nbootstrap_expect: 3\n")], flags: flags) == [
                "a.yaml:1:1: bootstrap: excludes bootstrap_expect: say one of the two",
                "a.yaml:1:1: bootstrap: needs server = true",
                "a.yaml:2:1: bootstrap_expect: needs server = true",
            ])
        let one = load([("a.yaml", "server: true\nbootstrap_expect: 1\n")], flags: flags).config
        #expect(one?.node.bootstrap == true && one?.node.bootstrapExpect == 0)
    }

    @Test func theSchemaOfYAML12() throws {
        let config = try config([
            (
                "a.yaml",
                """
                # no, on and 012 are what they look like
                node_meta: {a: no, b: on, c: "012", d: !!str 5}
                ports: {http: 0x1F90, dns: 0o20231, serf_lan: 08301}
                limits: {rpc_rate: .inf}
                pid_file: ~
                _comment: {anything: goes}
                x-defaults: &defaults
                  interval: 10s
                  timeout: 2s
                x-other: &other {timeout: 9s, method: PUT}
                services:
                  - name: web
                    checks:
                      - {<<: *defaults, http: 'http://a', timeout: 5s}
                      - {http: 'http://b', <<: [*defaults, *other]}
                """
            )
        ])
        #expect(config.node.meta == ["a": "no", "b": "on", "c": "012", "d": "5"])
        #expect(
            config.ports.http == 8080 && config.ports.dns == 8345 && config.ports.serfLAN == 8301)
        let checks = config.services[0].definition.checks
        #expect(checks[0].interval == .seconds(10) && checks[0].timeout == .seconds(5))
        #expect(checks[1].timeout == .seconds(2) && checks[1].method == "PUT")
    }

    @Test func bothSpellingsOfDefinitions() throws {
        let camel = try config([
            (
                "a.json",
                #"{"service": {"Name": "web", "EnableTagOverride": true, "Check":"#
                    + #" {"HTTP": "http://x", "TLSSkipVerify": true, "Interval": "5s","#
                    + #" "DeregisterCriticalServiceAfter": "1m"}}}"#
            )
        ])
        let snake = try config([
            (
                "a.yaml",
                """
                service:
                  name: web
                  enable_tag_override: true
                  check:
                    http: http://x
                    tls_skip_verify: true
                    interval: 5s
                    deregister_critical_service_after: 1m
                """
            )
        ])
        #expect(camel.services[0].definition == snake.services[0].definition)
        #expect(camel.services[0].definition.check?.tlsSkipVerify == true)
    }

    @Test func interpolation() throws {
        let config = try config([
            (
                "a.yaml",
                """
                datacenter: ${DC}
                ports: {http: "${PORT}", dns: "${DNS_PORT:-8700}"}
                acl_master_token: ${file:secret.txt}
                enable_local_script_checks: "${SCRIPTS:-true}"
                node_meta: {a: "$${HOME} $$ ${home} ${x%y} ${EMPTY:-e} ${EMPTY}!"}
                check: {name: c, interval: 10s, args: ["${HOME}/c", "-x"]}
                watches:
                  - {type: key, key: a, args: [sh, -c, "echo ${CONSUL_INDEX}"]}
                  - {type: key, key: b, handler: "echo ${CONSUL_INDEX}"}
                """
            )
        ])
        #expect(config.node.datacenter == "east")
        #expect(config.ports.http == 8080 && config.ports.dns == 8700)
        #expect(config.stored("acl_master_token") == "hunter2")
        #expect(config.node.meta["a"] == "${HOME} $$ ${home} ${x%y} e !")
        #expect(config.checks[0].definition.args == ["/root/c", "-x"])
        #expect(config.watches[0].definition.args[2] == "echo ${CONSUL_INDEX}")
        #expect(config.watches[1].definition.handler == "echo ${CONSUL_INDEX}")
    }

    @Test func rulesReportErrorsAtTheirPositions() {
        let rules = DefinitionRules(
            checkProblems: {
                $0.http.hasPrefix("ftp") ? [DefinitionProblem("HTTP", "not a URL")] : []
            },
            watchProblems: {
                $0.source.key.isEmpty ? [DefinitionProblem("key", "must be set")] : []
            },
            handlerProblem: { $0 == "/gone" ? "\($0): no such program" : nil })
        let yaml = """
            services:
              - name: a
                check:
                  interval: 10s
                  http: ftp://x
            watches:
              - type: key
                args: [/gone]
            """
        #expect(
            load([("a.yaml", yaml)], rules: rules).errors.map { $0.description } == [
                "a.yaml:5:7: services[0].check.HTTP: not a URL",
                "a.yaml:7:5: watches[0].key: must be set",
                "a.yaml:8:12: watches[0].args[0]: /gone: no such program",
            ])
    }

    @Test func partialValidationNeedsNoOtherFragment() {
        let yaml = "bootstrap: true\ncheck: {name: a, args: [x], interval: 10s, ttll: 1}\n"
        let outcome = load([("a.yaml", yaml)], flags: [], scope: .partial)
        #expect(
            outcome.errors.map { $0.description } == [
                #"a.yaml:2:44: check.ttll: unknown key (did you mean "ttl"?)"#
            ])
    }

    @Test func templatesAndSockets() throws {
        let config = try config([
            (
                "a.yaml",
                "client_addr: '{{ GetPrivateIP }} {{ GetInterfaceIPs \"eth0\" }}'\n"
                    + "addresses: {http: 'unix:///run/c.sock 127.0.0.1'}\nports: {grpc: -1}\n"
                    + "bind_addr: '{{ GetInterfaceIP \"eth0\" }}'\n"
            )
        ])
        #expect(config.listen.client == ["10.0.0.5", "192.168.1.7", "fe80::7"])
        #expect(
            config.listen.http == [
                .unix(path: "/run/c.sock"), .tcp(host: "127.0.0.1", port: 8500),
            ])
        #expect(config.listen.grpc.isEmpty && config.listen.advertise == "192.168.1.7")
    }

    @Test(arguments: [
        (#"{{ GetAllInterfaces | include "network" "10.0.0.0/8" | attr "address" }}"#, "10.0.0.5"),
        (
            #"{{ GetAllInterfaces | exclude "network" "10.0.0.0/8" | join "address" " " }}"#,
            "127.0.0.1 192.168.1.7 fe80::7"
        ),
        (#"{{GetPrivateInterfaces | include "type" "ipv4" | attr "address"}}"#, "10.0.0.5"),
        (#"{{ GetPrivateInterfaces | include "type" "ipv6" | attr "address" }}"#, ""),
        (#"{{ GetAllInterfaces | sort "size" | attr "address" }}"#, "127.0.0.1"),
        (#"{{ GetAllInterfaces | include "network" "10/8" | attr "address" }}"#, nil),
        (#"{{ GetAllInterfaces | include "name" "^eth0" | attr "address" }}"#, "192.168.1.7"),
        (#"{{ GetAllInterfaces | include "name" `eth[01]` | sort "-address" | "#
            + #"limit 1 | join "address" " " }}"#, "192.168.1.7"),
        (#"{{ GetAllInterfaces | include "flags" "up" | exclude "flags" "loopback" | "#
            + #"attr "address" }}"#, "10.0.0.5"),
        (#"{{ GetAllInterfaces | include "flags" "loopback|multicast" | sort "-name" | "#
            + #"join "name" " " }}"#, "lo eth1 eth0 eth0"),
        (#"{{ GetAllInterfaces | include "flags" "down" | attr "name" }}"#, "eth0"),
        ("{{ GetPrivateIPs }}", "10.0.0.5 192.168.1.7"),
        (#"{{ GetAllInterfaces | sort "default,address" | attr "address" }}"#, "10.0.0.5"),
        (#"{{ GetAllInterfaces | include "rfc" "1918" | sort "-size" | attr "string" }}"#,
            "192.168.1.7/24"),
        (#"{{ GetAllInterfaces | unique "name" | offset 2 | attr "network" }}"#,
            "192.168.1.0/24"),
        (#"{{ GetAllInterfaces | include "type" "IPv6" | attr "network" }}"#, "fe80::/64"),
        ("{{ GetDefaultInterfaces | attr \"address\" }}", "10.0.0.5"),
        ("{{ GetInterfaceIP `eth0` }}", "192.168.1.7"),
        ("{{GetInterfaceIP \"eth0\"}}", "192.168.1.7"),
        (#"{{ GetInterfaceIPs "eth" }}"#, "10.0.0.5 192.168.1.7 fe80::7"),
        (#"{{ GetInterfaceIP "eth9" }}"#, ""), ("a {{- GetPrivateIP -}} b", "a10.0.0.5b"),
        (#"{{ (GetPrivateInterfaces | attr "address") }}"#, "10.0.0.5"),
    ])
    func pipelines(_ template: String, _ address: String?) {
        let resolved = AddressTemplate.resolve(
            template, with: ConfigEnvironment.test.interfaces())
        #expect((try? resolved.get()) == address)
    }

    /// The error names the part that is not supported.
    @Test(arguments: [
        ("{{ GetNoSuch }}", "function \"GetNoSuch\""),
        (#"{{ GetAllInterfaces | nosuch "x" }}"#, "function \"nosuch\""),
        (#"{{ GetAllInterfaces | include "nosuch" "x" }}"#, "selector \"nosuch\""),
        (#"{{ GetAllInterfaces | attr "nosuch" }}"#, "attribute \"nosuch\""),
        (#"{{ GetAllInterfaces | sort "nosuch" }}"#, "sort key \"nosuch\""),
        (#"{{ GetAllInterfaces | include "flags" "nosuch" }}"#, "flag \"nosuch\""),
        (#"{{ GetAllInterfaces | include "name" "(" }}"#, "missing closing )"),
        (#"{{ GetAllInterfaces | limit "x" }}"#, "limit wants a number"),
        ("{{ GetAllInterfaces }}", "end it with"), ("{{ GetPrivateIP \"x\" }}", "GetPrivateIP"),
        ("{{ GetPrivateIP", "{{ without }}"), ("{{ `x }}", "never closed"), ("{{ }}", "function"),
        (#"{{ GetAllInterfaces | attr "name" | limit 1 }}"#, "goes on after its result"),
    ])
    func faultsOfTemplates(_ template: String, _ part: String) {
        switch AddressTemplate.resolve(template, with: ConfigEnvironment.test.interfaces()) {
        case .success(let text): Issue.record("\(template) gave \(text)")
        case .failure(let problem): #expect(problem.message.contains(part), "\(problem.message)")
        }
    }

    @Test func commentsAreNotInterpolatedButTheirAliasesAre() throws {
        let config = try config([
            (
                "a.yaml",
                "x-note: ${NOPE}\n_comment: ${NOPE}\nx-home: &h ${HOME}\npid_file: *h\n"
                    + "service: {name: a, check: {ttl: 9s, header: {x-k: [\"${PORT}\"]}}}\n"
            )
        ])
        #expect(config.node.pidFile == "/root")
        #expect(config.services[0].definition.check?.header == ["x-k": ["8080"]])
    }

    @Test func blocksAsHCLWritesThem() throws {
        let config = try config([
            (
                "a.json",
                #"{"ports": [{"http": 1}], "service": [{"name": "a", "check": [{"ttl": "9s"}]}]}"#
            )
        ])
        #expect(config.ports.http == 1)
        #expect(config.services[0].definition.check?.ttl == .seconds(9))
    }

    @Test func inlineFragmentFollowsTheFiles() {
        let outcome = load(
            [("a.yaml", "log_level: warn")],
            flags: [
                FlagValue("hcl", #"{"log_level": "info"}"#), FlagValue("dev"),
                FlagValue("hcl", #" {"servr": true}"#), FlagValue("hcl", "server = true"),
            ])
        #expect(
            outcome.errors.map { $0.description } == [
                #"-hcl:1:3: servr: unknown key (did you mean "server"?)"#,
                #"-hcl: HCL is not read yet: write the same as JSON, -hcl '{"server": true}'"#,
            ])
    }

    @Test func warnings() {
        let yaml =
            "node_name: a b\nenable_script_checks: true\n"
            + "check: {name: a, http: 'http://x', interval: 5ms}\n"
        #expect(
            load([("a.yaml", yaml)]).warnings.map { $0.description } == [
                #"a.yaml:1:1: node_name: Node name "a b" will not be discoverable via DNS due to "#
                    + "invalid characters. Valid characters include all alpha-numerics and dashes.",
                "a.yaml:2:1: enable_script_checks: without ACLs and without allow_write_http_from "
                    + "this is DANGEROUS, use enable_local_script_checks instead",
                "a.yaml:3:36: check.interval: 5ms is raised to 1s",
            ])
    }
}
