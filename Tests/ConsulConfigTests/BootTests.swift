import ConsulModel
import Testing

@testable import ConsulConfig

/// Tests a start that continues as HashiCorp's agent does, and the same configuration read
/// strictly.
@Suite struct BootTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var tolerated: [String]
        var testDescription: String { text }

        init(_ text: String, _ tolerated: String...) {
            self.text = text
            self.tolerated = tolerated
        }
    }

    private static func load(
        _ text: String, _ rigour: ConfigLoader.Rigour, flags: [FlagValue] = [],
        rules: DefinitionRules = DefinitionRules()
    ) -> LoadOutcome {
        ConfigLoader.load(
            fragments: [Fragment(path: "a.json", bytes: Array(text.utf8))],
            flags: [FlagValue("dev")] + flags, environment: .test, rules: rules, rigour: rigour)
    }

    static let tolerated = [
        Case(
            #"{"check": {"name": "c", "ttl": "5s", "status": "ok"}}"#,
            #"check.status: unknown status "ok": use passing, warning or critical"#),
        Case(
            #"{"check": {"name": "c", "tcp": "a:1", "interval": "5s", "timeout": "-5s"}}"#,
            "check.timeout: -5s must not be negative"),
        Case(
            #"{"check": {"name": "c", "ttl": "5s", "success_before_passing": -1}}"#,
            "check.success_before_passing: must not be negative"),
        Case(
            #"{"service": {"name": "w", "port": 70000}}"#,
            "service.port: 70000 is not a port (1 to 65535, or 0 for none)"),
        Case(
            #"{"service": {"name": "w", "port": 80.5}}"#,
            "service.port: 80.5 is not a whole number of 64 bits"),
        Case(
            #"{"service": {"name": "w", "kind": "foo"}}"#,
            #"service.kind: "foo" is none of connect-proxy, mesh-gateway, terminating-gateway, "#
                + "ingress-gateway"),
        Case(
            #"{"services": [{"name": "w", "port": 1}, {"name": "w", "port": 2}]}"#,
            #"services[1].name: duplicate service ID "w" (first at a.json:1:16): the last one "#
                + "counts"),
        Case(
            #"{"checks": [{"id": "a", "name": "x", "ttl": "5s"}, {"id": "a", "name": "y", "#
                + #""ttl": "6s"}]}"#,
            #"checks[1].id: duplicate check ID "a" (first at a.json:1:14): the last one counts"#),
        Case(
            #"{"watches": [{"type": "key", "key": "k", "args": "/bin/x"}]}"#,
            "watches[0].args: expected a list, found a string: it is taken as the program"),
        Case(
            #"{"watches": [{"type": "nodes", "args": []}]}"#,
            "watches[0]: Must define a watch handler"),
        Case(
            #"{"log_level": "INFO", "log_level": "WARN"}"#,
            #"duplicate key "log_level" (first at a.json:1:2)"#),
        Case(
            #"{"bootstrap": true, "bootstrap_expect": 1}"#,
            "bootstrap: excludes bootstrap_expect: say one of the two"),
        Case(
            #"{"discovery_max_stale": "-1s"}"#,
            "discovery_max_stale: -1s must not be negative"),
        Case(
            #"{"default_query_time": "20m"}"#,
            "default_query_time: 20m0s is more than max_query_time, 10m0s"),
        Case(
            #"{"max_query_time": "0s"}"#, "max_query_time: 0s must be more than 0s"),
        Case(
            #"{"ports": {"dns": -5}}"#,
            "ports.dns: -5 is not a port (1 to 65535, or -1 for none)"),
        Case(
            #"{"advertise_addr": "{{ GetInterfaceIP `eth9` }}"}"#,
            #"advertise_addr: "{{ GetInterfaceIP `eth9` }}" finds no address on this machine"#),
    ]

    @Test(arguments: tolerated)
    func startContinuesWhereHashiCorpsDoes(_ one: Case) {
        let start = Self.load(one.text, .bootable)
        #expect(start.config != nil)
        #expect(start.errors.map { $0.description } == [])
        #expect(start.tolerated.map { Self.withoutPlace($0) } == one.tolerated)
        // All other starts are strict, with the same lines.
        for outcome in [
            Self.load(one.text, .strict),
            Self.load(one.text, .bootable, flags: [FlagValue("strict")]),
        ] {
            #expect(outcome.config == nil && outcome.tolerated.isEmpty)
            #expect(outcome.errors.map { $0.message } == start.tolerated.map { $0.message })
        }
        let set = Self.load(#"{"strict_config": true, "# + one.text.dropFirst(), .bootable)
        #expect(set.config == nil && set.errors.count == start.tolerated.count)
    }

    private static func withoutPlace(_ error: ConfigError) -> String {
        error.path.isEmpty ? error.message : "\(error.path): \(error.message)"
    }

    /// HashiCorp's agent refuses each of them.
    @Test(arguments: [
        #"{"check": {"name": "c", "ttl": "5s", "interval": "5s", "tcp": "a:1"}}"#,
        #"{"check": {"name": "c", "tcp": "a:1"}}"#,
        #"{"check": {"name": "c", "ttl": "-5s"}}"#,
        #"{"check": {"ttl": "5s"}}"#,
        #"{"check": {"name": "c", "ttl": "5s", "output_max_size": -1}}"#,
        #"{"check": {"name": "c", "args": "x", "interval": "5s"}, "enable_script_checks": true}"#,
        #"{"check": {"name": "c", "args": ["x"], "interval": "5s"}}"#,
        #"{"service": {"port": 1}}"#,
        #"{"service": {"name": "w", "meta": {"a b": "c"}}}"#,
        #"{"service": {"name": "w", "weights": {"passing": 0}}}"#,
        #"{"service": {"name": "w", "kind": "connect-proxy"}}"#,
        #"{"service": {"name": "w", "tags": "a"}}"#,
        #"{"watches": [{"args": ["x"]}]}"#, #"{"watches": [{"type": "nodes"}]}"#,
        #"{"watches": {"type": "nodes", "args": ["x"]}}"#,
        #"{"bootstrap": true, "bootstrap_expect": 3}"#,
        #"{"encrypt": "not base64!"}"#, #"{"encrypt": "aGVsbG8="}"#,
        #"{"encrypt": "MTIzNDU2Nzg5MDEyMzQ1Ng"}"#,
        #"{"verify_outgoing": true}"#, #"{"verify_server_hostname": true}"#,
        #"{"verify_incoming": true}"#, #"{"verify_incoming_rpc": true}"#,
        #"{"verify_incoming_https": true, "ca_file": "ca.pem"}"#,
        #"{"acl": {"enabled": true, "default_policy": "deny"}}"#,
        #"{"acl_datacenter": "dc1", "acl_default_policy": "deny"}"#,
        #"{"acl": {"default_policy": "x"}}"#, #"{"acl_down_policy": "x"}"#,
        #"{"segment": "x"}"#, #"{"segments": [{"name": "x"}]}"#,
        #"{"ui": true, "ui_dir": "/x"}"#, #"{"protocol": 9}"#, #"{"raft_protocol": 9}"#,
        #"{"auto_encrypt": {"tls": true}}"#, #"{"connect": {"ca_provider": "x"}}"#,
        #"{"dns_config": {"a_record_limit": -1}}"#, #"{"check_output_max_size": 0}"#,
        #"{"ports": {"dns": 70000}}"#, #"{"recursors": ["0.0.0.0"]}"#,
        #"{"addresses": {"http": "unix:///x"}, "unix_sockets": {"mode": "x"}}"#,
        #"{"bind_addr": "{{ GetInterfaceIP \"eth9\" }}"}"#, #"{"foo": 1}"#, #"{"server": "true"}"#,
    ])
    func aStartRefusesWhatHashiCorpsDoes(_ text: String) {
        let outcome = Self.load(text, .bootable)
        #expect(outcome.config == nil)
        #expect(outcome.errors.contains { !$0.isTolerated }, "\(outcome.errors)")
    }

    @Test func lastDuplicateCounts() throws {
        let outcome = Self.load(
            #"{"services": [{"name": "w", "port": 1, "check": {"ttl": "1s"}}, {"name": "w", "#
                + #""port": 2}], "log_level": "INFO", "log_level": "WARN"}"#, .bootable)
        let config = try #require(outcome.config)
        #expect(config.services.map { $0.definition.port } == [2])
        #expect(config.services[0].definition.check == nil)
        #expect(config.logging.level == "WARN")
    }

    @Test func wrongValueFallsBackToTheDefault() throws {
        let outcome = Self.load(
            #"{"raft_trailing_logs": -5, "limits": {"http_max_conns_per_client": -1}}"#, .bootable)
        let config = try #require(outcome.config)
        #expect(config.raft.trailingLogs == 10_240)
        #expect(config.limits.httpMaxConnectionsPerClient == 200)
        #expect(outcome.tolerated.count == 2)
    }

    @Test func fragmentsOfOtherEncodingsAreRead() throws {
        var bytes = Array(#"{"node_name": "caf"#.utf8)
        bytes += [0xE9] + Array(#"", "log_level": "WARN"}"#.utf8)
        let outcome = ConfigLoader.load(
            fragments: [Fragment(path: "a.json", bytes: bytes)], flags: [FlagValue("dev")],
            environment: .test, rigour: .bootable)
        #expect(outcome.config?.node.name == "caf\u{FFFD}")
        #expect(
            outcome.tolerated.map { $0.description } == [
                "a.json:1:19: this is not UTF-8: save the file in that encoding"
            ])
    }

    @Test func heldWatchKeepsItsReasonAndState() throws {
        var rules = DefinitionRules()
        rules.handlerProblem = { $0 == "/no/such" ? "/no/such: no such file" : nil }
        rules.watchProblems = {
            $0.source.state == "foo" ? [DefinitionProblem("state", "Unsupported state: foo")] : []
        }
        let outcome = Self.load(
            #"{"watches": [{"type": "nodes", "args": ["/no/such"]}, {"type": "checks", "#
                + #""state": "foo", "args": ["x"]}, {"type": "nodes", "args": ["x"]}]}"#,
            .bootable, rules: rules)
        let watches = try #require(outcome.config).watches
        #expect(
            watches.map { $0.tolerated } == [
                [DefinitionProblem("watches[0].args[0]", "/no/such: no such file", .shows)],
                [DefinitionProblem("watches[1].state", "Unsupported state: foo", .disables)], [],
            ])
    }

    @Test func wrongRecordIsLeftOut() throws {
        var rules = DefinitionRules()
        rules.dnsRecordProblems = { record, _ in
            record.value == "x" ? [DefinitionProblem("value", "no address")] : []
        }
        let outcome = Self.load(
            #"{"dns_records": [{"name": "a", "type": "A", "value": "x"}, {"name": "b", "#
                + #""type": "A", "value": "10.0.0.1"}]}"#, .bootable, rules: rules)
        #expect(outcome.config?.dnsRecords.map { $0.definition.name } == ["b"])
    }

    // MARK: HTTPS without a certificate, empty fragments, JSON in .hcl

    @Test func httpsPortWithoutCertificateIsNotOpened() throws {
        let outcome = Self.load(#"{"ports": {"https": 8501, "dns_tls": 8853}}"#, .strict)
        let config = try #require(outcome.config)
        #expect(config.listen.https.isEmpty && config.listen.dnsTLS.isEmpty)
        #expect(
            outcome.warnings.map { $0.path }.filter { $0.hasPrefix("ports") }
                == ["ports.https", "ports.dns_tls"])
        let served = Self.load(
            #"{"ports": {"https": 8501}, "cert_file": "c", "key_file": "k"}"#, .strict)
        #expect(served.config?.listen.https == [.tcp(host: "127.0.0.1", port: 8501)])
    }

    @Test func emptyFragmentIsIgnored() {
        for text in ["", " \n", "\u{FEFF}"] {
            for name in ["a.json", "b.yaml"] {
                let outcome = ConfigLoader.load(
                    fragments: [Fragment(path: name, bytes: Array(text.utf8))],
                    flags: [FlagValue("dev")], environment: .test)
                #expect(outcome.config != nil)
                #expect(
                    outcome.warnings.map { $0.description }
                        == ["\(name):1:1: the file is empty: it counts as {}"])
            }
        }
    }

    @Test func jsonInAnHCLFileIsRead() {
        let fragment = Fragment(path: "a.hcl", bytes: Array("\n {\"log_level\": \"WARN\"}".utf8))
        let outcome = ConfigLoader.load(
            fragments: [fragment], flags: [FlagValue("dev")], environment: .test)
        #expect(outcome.config?.logging.level == "WARN")
    }

    /// The configuration that HashiCorp's Go client writes for its tests.
    @Test func configurationOfTheGoTestHelperIsAccepted() throws {
        let outcome = ConfigLoader.load(
            fragments: [
                Fragment(path: "config.json", bytes: Array(Self.testHelper.utf8)),
                Fragment(path: "extra.json", bytes: []),
            ], environment: .test, rigour: .bootable)
        let config = try #require(outcome.config, "\(outcome.errors)")
        #expect(outcome.tolerated.isEmpty)
        #expect(config.node.bootstrap && config.node.bootstrapExpect == 0)
        #expect(config.listen.http == [.tcp(host: "127.0.0.1", port: 21000)])
        #expect(config.listen.https.isEmpty)
    }

    static let testHelper = """
        {"node_name": "node-b5ca8c2e-7a3d-4d31-bd2f-f6c9dfdf8a0b",
         "node_id": "b5ca8c2e-7a3d-4d31-bd2f-f6c9dfdf8a0b", "node_meta": {"a": "b"},
         "performance": {"raft_multiplier": 1}, "bootstrap": true, "server": true,
         "data_dir": "/tmp/consul-test/data", "datacenter": "dc1", "segments": null,
         "disable_update_check": true, "log_level": "debug", "bind_addr": "127.0.0.1",
         "addresses": {"http": "127.0.0.1"},
         "ports": {"dns": 21005, "http": 21000, "https": 21001, "serf_lan": 21002,
                   "serf_wan": 21003, "server": 21004},
         "raft_protocol": 3, "leave_on_terminate": false, "skip_leave_on_interrupt": true,
         "retry_join": null, "acl_master_token": "", "acl_datacenter": "",
         "acl_default_policy": "allow", "acl_enforce_version_8": false,
         "acl": {"tokens": {}}, "encrypt": "", "ca_file": "", "cert_file": "", "key_file": "",
         "verify_incoming": false, "verify_incoming_rpc": false, "verify_incoming_https": false,
         "verify_outgoing": false, "enable_script_checks": false, "enable_debug": true,
         "check_update_interval": "0s", "primary_datacenter": "",
         "connect": {"enabled": true,
                     "ca_config": {"cluster_id": "11111111-2222-3333-4444-555555555555"}}}
        """
}
