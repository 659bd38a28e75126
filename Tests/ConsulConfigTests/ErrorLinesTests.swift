import ConsulModel
import Testing

@testable import ConsulConfig

/// Tests the exact lines that users see.
@Suite struct ErrorLinesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var lines: [String]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ lines: String...) {
            self.name = name
            self.text = text
            self.lines = lines
        }
    }

    @Test func exampleOfTheContractIsExact() {
        let yaml = """
            # a service
            services:
              - name: web
                port: 80
                check:
                  http: http://localhost/
                  intervall: 10s
            """
        #expect(
            errors([("config.d/web.yaml", yaml)]) == [
                #"config.d/web.yaml:7:7: services[0].check.intervall: unknown key "#
                    + #"(did you mean "interval"?)"#
            ])
    }

    @Test(arguments: grammarInJSON + grammarInYAML + bounds)
    func faultsOfTheFile(_ one: Case) {
        #expect(errors([(one.name, one.text)]) == one.lines)
    }

    @Test(arguments: keysAndTypes + values + definitions)
    func faultsOfTheContent(_ one: Case) {
        #expect(errors([(one.name, one.text)]) == one.lines)
    }

    static let grammarInJSON = [
        Case("a.json", "{\"server\": true,}", "a.json:1:16: trailing comma: remove it"),
        Case(
            "a.json", "{\n  \"server\": true\n  \"ui\": true\n}",
            "a.json:3:3: expected ',' or '}', found '\"'"),
        Case(
            "a.json", "{\"server\": true} // yes",
            "a.json:1:18: unexpected '/' after the end of the value"),
        Case(
            "a.json", "{\n \"server\": true,\n \"server\": false,\n \"prots\": {}}",
            "a.json:3:2: duplicate key \"server\" (first at a.json:2:2)",
            "a.json:4:2: prots: unknown key (did you mean \"ports\"?)"),
        Case(
            "half.json", "{\"services\": [{\"name\": \"web\"",
            "half.json:1:29: unexpected end of JSON input: the file ends in the middle of a value "
                + "(half written?)"),
        Case(
            "half.json", "{\"services\": [{\"name\": \"we",
            "half.json:1:24: this string is never closed: the file ends inside it (half written?)"),
        Case("a.json", "[1]", "a.json:1:1: expected a map of settings, found a list"),
        Case(
            "bom.json", "\u{FEFF}{\"server\": 1}",
            "bom.json:1:12: server: expected true or false, found a number"),
        Case(
            "uni.json", "{\"node_meta\": {\"a\": \"é\"}, \"servers\": 2}",
            "uni.json:1:27: servers: unknown key (did you mean \"server\"?)"),
    ]

    static let grammarInYAML = [
        Case(
            "a.yaml", "server: true\nports:\n  http: 1\n  dns: 2\n  http: 3\nserver: false\n",
            "a.yaml:5:3: duplicate key \"http\" (first at a.yaml:3:3)",
            "a.yaml:6:1: duplicate key \"server\" (first at a.yaml:1:1)"),
        Case(
            "a.yaml", "services:\n\t- name: web\n",
            "a.yaml:2:1: a tab in the indentation: use spaces"),
        Case(
            "a.yml", "services:\n  - name: web\n  \tport: 8\n",
            "a.yml:3:3: a tab in the indentation: use spaces"),
        Case(
            "a.yaml", "server: true\n---\nserver: false\n",
            "a.yaml:2:1: a second document begins here (---): put it into a file of its own"),
        Case(
            "a.yaml", "services:\n  - name: web\n   port: 8\n",
            "a.yaml:3:4: did not find expected '-' indicator (wrong indentation?), while parsing "
                + "a block collection that begins at line 2"),
        Case(
            "a.yaml", "node_name: a: b\n",
            "a.yaml:1:13: a second ':' in this line, or a wrong indentation: quote the text, or "
                + "indent the key as its neighbours"),
        Case(
            "half.yaml", "services: [{name: web, po",
            "half.yaml:1:26: the file ends in the middle of a value (half written?), while "
                + "parsing a flow mapping that begins at line 1"),
        Case(
            "a.yaml", "node_name: \"\\uD83D\\uDE00\"\n",
            "a.yaml:1:15: half of a surrogate pair: YAML writes such a character whole, "
                + "\\U0001F600 instead of \\uD83D\\uDE00"),
        Case(
            "a.yaml", "node_name: \"a\u{1}b\"\n",
            "a.yaml:1:14: control characters are not allowed: remove this character, or escape "
                + "it in double quotes"),
        Case(
            "a.yaml", "node_name: !ruby/object x\n",
            "a.yaml:1:12: the tag !ruby/object is not known: remove it"),
        Case(
            "a.yaml", "services: *no\nserver: 1\nx-a: &a [*a]\n",
            "a.yaml:1:11: *no has no anchor: &no must be before it, outside of it",
            "a.yaml:2:9: server: expected true or false, found a number",
            "a.yaml:3:10: *a has no anchor: &a must be before it, outside of it"),
        Case(
            "a.yaml", "services:\n  - name: b\n    check: {<<: 5, ttl: 5}\n",
            "a.yaml:3:17: << wants a map or a list of maps, found a number",
            "a.yaml:3:25: services[0].check.ttl: expected a duration such as \"10s\" or "
                + "\"1m30s\", found a number"),
        Case(
            "crlf.yaml", "server: true\r\nports:\r\n  http: x\r\n",
            "crlf.yaml:3:9: ports.http: expected a number, found a string"),
        Case(
            "bom.yaml", "\u{FEFF}server: 1\n",
            "bom.yaml:1:9: server: expected true or false, found a number"),
    ]

    static let bounds = [
        Case(
            "a.hcl", "server = true",
            "a.hcl: HCL is not read yet: write this fragment as JSON or YAML"),
        Case(
            "a.yaml", String(repeating: "[", count: 70),
            "a.yaml:1:65: nested deeper than 64 levels: no setting of Consul needs that, "
                + "flatten it"),
        Case(
            "a.json", String(repeating: "[", count: 70),
            "a.json:1:65: nested deeper than 64 levels: no setting of Consul needs that, "
                + "flatten it"),
        Case(
            "bomb.yaml",
            "x-a: &a [1,1,1,1,1,1,1,1,1,1]\n"
                + zip("bcdef", "abcde").map { name, inner in
                    let ten = Array(repeating: "*\(inner)", count: 10).joined(separator: ",")
                    return "x-\(name): &\(name) [\(ten)]\n"
                }.joined(),
            "bomb.yaml:5:31: aliases add more than 100000 values to this file: write them out, "
                + "or into several files"),
        Case(
            "huge.json", "{\"node_name\": \"" + String(repeating: "x", count: 16 << 20) + "\"}",
            "huge.json: 16777233 bytes are more than the 16777216 that one file may have: "
                + "split it"),
    ]

    static let keysAndTypes = [
        Case(
            "a.yaml", "servicess: []\nlog_lvl: info\nports: {hhttp: 1}\nacl: {tokns: {}}\n",
            "a.yaml:1:1: servicess: unknown key (did you mean \"services\"?)",
            "a.yaml:2:1: log_lvl: unknown key (did you mean \"log_level\"?)",
            "a.yaml:3:9: ports.hhttp: unknown key (did you mean \"http\"?)",
            "a.yaml:4:7: acl.tokns: unknown key (did you mean \"tokens\"?)"),
        Case(
            "a.yaml", "zzzzzz: 1\nunix_sockets: {qqqq: 1}\n", "a.yaml:1:1: zzzzzz: unknown key",
            "a.yaml:2:16: unix_sockets.qqqq: unknown key (known here: user, group, mode)"),
        Case(
            "a.yaml",
            "server: yes\nports:\n  http: abc\n  dns: 8600.5\ncheck_update_interval: 10\n"
                + "recursors: 8.8.8.8\nnode_meta: [a]\nnode_name: 12\nlog_level: [x]\n"
                + "max_query_time: 10 minutes\nports2: 1\n",
            "a.yaml:1:9: server: expected true or false, found a string: write true or false, "
                + "unquoted",
            "a.yaml:3:9: ports.http: expected a number, found a string",
            "a.yaml:4:8: ports.dns: 8600.5 is not a whole number of 64 bits",
            "a.yaml:5:24: check_update_interval: expected a duration such as \"10s\" or "
                + "\"1m30s\", found a number",
            "a.yaml:6:12: recursors: expected a list, found a string: write [\"8.8.8.8\"]",
            "a.yaml:7:12: node_meta: expected a map, found a list",
            "a.yaml:8:12: node_name: expected a string, found a number: put it in quotes",
            "a.yaml:9:12: log_level: expected a string, found a list",
            "a.yaml:10:17: max_query_time: invalid duration \"10 minutes\" (write it as 90s, "
                + "1m30s or 250ms)",
            "a.yaml:11:1: ports2: unknown key (did you mean \"ports\"?)"),
        Case(
            "a.json", "{\"log_level\": \"info\",\n \"LogLevel\": \"warn\", \"ports\": 5}",
            "a.json:2:2: LogLevel: given twice in two spellings (first at a.json:1:2)",
            "a.json:2:31: ports: expected a map, found a number"),
        Case(
            "a.yaml", "node_name: ${NOPE}\npid_file: ${file:nope}\nports: {http: \"${HOME}\"}\n",
            "a.yaml:1:12: node_name: the environment has no NOPE: set it, or write "
                + "${NOPE:-default}",
            "a.yaml:2:11: pid_file: cannot read nope: no such file",
            "a.yaml:3:15: ports.http: expected a number, found a string"),
    ]

    static let values = [
        Case(
            "a.yaml",
            "node_id: abc\ndatacenter: a.b\nacl: {}\nnode_meta: {consul-x: y}\n"
                + "serf_lan_allowed_cidrs: [10.0.0.0/8, 10.0.0.0/33]\n"
                + "default_query_time: 20m\nunix_sockets: {mode: '9'}\nlog_level: loud\n",
            "a.yaml:1:1: node_id: \"abc\" is not a UUID (8-4-4-4-12 hexadecimal digits)",
            "a.yaml:2:1: datacenter: \"a.b\" may have letters, digits, '-' and '_' only: it "
                + "becomes part of DNS names",
            "a.yaml:4:1: node_meta: the key \"consul-x\" begins with consul-, which is reserved",
            "a.yaml:5:1: serf_lan_allowed_cidrs: \"10.0.0.0/33\" is not a network such as "
                + "10.0.0.0/8 or fd00::/8",
            "a.yaml:6:1: default_query_time: 20m0s is more than max_query_time, 10m0s",
            "a.yaml:7:16: unix_sockets.mode: \"9\" is not a mode such as \"0660\"",
            "a.yaml:8:1: log_level: \"loud\" is none of trace, debug, info, warn, error, err"),
        Case(
            "a.yaml", "ports: {http: 8600, dns: 8600, serf_wan: 70000, server: 8301}\n",
            "a.yaml:1:9: ports.http: port 8600 is used by ports.dns already",
            "a.yaml:1:32: ports.serf_wan: 70000 is not a port (1 to 65535, or -1 for none)",
            "a.yaml:1:49: ports.server: port 8301 is used by ports.serf_lan already"),
        Case(
            "a.yaml",
            "client_addr: localhost\nadvertise_addr: '{{ GetAllInterfaces | attr \"x\" }}'\n"
                + "serf_lan: '{{ GetInterfaceIP \"eth9\" }}'\nadvertise_addr_ipv4: ::1\n"
                + "advertise_addr_wan: 0.0.0.0\naddresses: {dns: 'unix:///x'}\n",
            "a.yaml:1:1: client_addr: \"localhost\" is not an IP address: write 127.0.0.1 or ::1",
            "a.yaml:2:1: advertise_addr: attribute \"x\" is not supported (there are address, "
                + "flags, host, name, network, size, string, type)",
            "a.yaml:3:1: serf_lan: \"{{ GetInterfaceIP \"eth9\" }}\" finds no address on this "
                + "machine",
            "a.yaml:4:1: advertise_addr_ipv4: ::1 is not an IPv4 address",
            "a.yaml:5:1: advertise_addr_wan: 0.0.0.0 cannot be advertised: name one address",
            "a.yaml:6:13: addresses.dns: DNS address cannot be a unix socket"),
    ]

    static let definitions = [
        Case(
            "dns.yaml",
            """
            dns_config:
              answer_order: shuffled
              recursor_strategy: first
              transfer: {allow: [10.0.0.0/8, everywhere]}
            dns_records:
              - {name: printer, type: A, value: 10.0.0.9, tll: 1s}
              - {name: alias, type: CNAME, value: printer}
              - {name: Alias, type: txt, value: x}
              - {name: twice, type: TXT, value: x}
              - {name: twice, type: TXT, value: y}
            """,
            "dns.yaml:2:3: dns_config.answer_order: \"shuffled\" is none of random, weighted, "
                + "sorted, near",
            "dns.yaml:3:3: dns_config.recursor_strategy: \"first\" is none of sequential, random",
            "dns.yaml:4:14: dns_config.transfer.allow: \"everywhere\" is not a network such as "
                + "10.0.0.0/8 or fd00::/8",
            "dns.yaml:6:47: dns_records[0].tll: unknown key (did you mean \"ttl\"?)",
            "dns.yaml:8:19: dns_records[2].type: a name with a CNAME has no other records: "
                + "\"Alias\" has CNAME (at dns.yaml:7:6)",
            "dns.yaml:10:6: dns_records[4].name: \"twice\" has TXT records already (at "
                + "dns.yaml:9:6): list all of their values there"),
        Case(
            "svc.yaml",
            """
            services:
              - name: web
                ID: w
                Id: v
                checks:
                  - {http: 'http://x', interval: 5}
                  - {script: x}
                  - {args: [a], interval: 10s}
                  - {tcp: 'x:1'}
                  - ttl: 5x
              - port: 70000
              - {name: a, weights: {passing: 0, waring: 2}, meta: {v: 1}}
            """,
            "svc.yaml:4:5: services[0].Id: given twice in two spellings (first at svc.yaml:3:5)",
            "svc.yaml:6:38: services[0].checks[0].interval: expected a duration such as \"10s\" "
                + "or \"1m30s\", found a number",
            "svc.yaml:7:10: services[0].checks[1].script: unknown key (removed in Consul 1.1: "
                + "write args: [\"/bin/sh\", \"-c\", \"…\"])",
            "svc.yaml:8:10: services[0].checks[2].args: Scripts are disabled on this agent; to "
                + "enable, configure 'enable_script_checks' or 'enable_local_script_checks' to "
                + "true",
            "svc.yaml:9:9: services[0].checks[3].interval: Interval must be > 0 for Script, HTTP, "
                + "or TCP checks",
            "svc.yaml:10:14: services[0].checks[4].ttl: invalid duration \"5x\" (write it as 90s, "
                + "1m30s or 250ms)",
            "svc.yaml:11:5: services[1].name: Service name must be set",
            "svc.yaml:11:5: services[1].port: 70000 is not a port (1 to 65535, or 0 for none)",
            "svc.yaml:12:37: services[2].weights.waring: unknown key (did you mean \"warning\"?)",
            "svc.yaml:12:59: services[2].meta.v: expected a string, found a number: put it in "
                + "quotes"),
        Case(
            "w.yaml",
            """
            watches:
              - {type: key, key: a}
              - {type: key, key: a, args: [x], http_handler_config: {path: 'http://h'}}
              - {key: a, args: [x]}
              - {type: key, http_handler_config: {method: GET}, handler_type: http}
              - {type: key, args: [x], retry: {maxx: 1}}
            """,
            "w.yaml:2:5: watches[0]: Must define a watch handler",
            "w.yaml:3:36: watches[1].http_handler_config: Only one watch handler allowed",
            "w.yaml:4:5: watches[2].type: Watch type must be specified",
            "w.yaml:5:17: watches[3].http_handler_config.path: Requires 'path' to be set",
            "w.yaml:6:36: watches[4].retry.maxx: unknown key (did you mean \"max\"?)"),
        Case(
            "d.json", #"{"services": [{"name": "a"}, {"name": "b", "id": "a"}]}"#,
            #"d.json:1:44: services[1].id: duplicate service ID "a" (first at d.json:1:16): "#
                + "the last one counts"),
        Case(
            "c.json",
            #"{"checks": [{"name": "a", "ttl": "9s"}, {"id": "a", "ttl": "9s"}, {"ttl": "9s"}]}"#,
            #"c.json:1:42: checks[1].id: duplicate check ID "a" (first at c.json:1:14): the "#
                + "last one counts",
            "c.json:1:67: checks[2].name: a check outside of a service must have a name"),
        Case(
            "r.yaml",
            """
            remote_exec:
              jobs:
              - {name: deploy, arg: [x]}
              max_parallel: 0
            """,
            "r.yaml:3:20: remote_exec.jobs[0].arg: unknown key (did you mean \"args\"?)",
            "r.yaml:4:3: remote_exec.max_parallel: 0 must be more than 0"),
        Case(
            "r.yaml", "remote_exec: {jobs: [{name: a b, args: [x]}]}",
            "r.yaml:1:15: remote_exec.jobs: \"a b\" is no name: use one word"),
        Case(
            "r.yaml", "remote_exec: {jobs: [{name: a, args: [x]}, {name: a, args: [y]}]}",
            "r.yaml:1:15: remote_exec.jobs: there are two jobs named \"a\""),
        Case(
            "r.yaml", "remote_exec: {jobs: [{name: a}]}",
            "r.yaml:1:15: remote_exec.jobs: \"a\" has no args: name its program and arguments"),
    ]

    @Test func allErrorsOfAllFilesInOrderOfTheFiles() {
        let lines = errors(
            [
                ("20-b.yaml", "services: [{name: a}]\nprots: {}\n"), ("10-a.json", "{\"a\": }"),
                ("30-c.yaml", "\n\nservice: {name: a}\n"),
            ], flags: [FlagValue("dev"), FlagValue("http-port", "x")])
        #expect(
            lines == [
                #"20-b.yaml:2:1: prots: unknown key (did you mean "ports"?)"#,
                "10-a.json:1:7: unexpected '}' where a value should begin",
                "30-c.yaml:3:11: service.name: duplicate service ID \"a\" "
                    + "(first at 20-b.yaml:1:13): the last one counts",
                #"-http-port: expected a number, found "x""#,
            ])
    }

    @Test func brokenFileHidesMissingKeys() {
        #expect(errors([("a.json", "{")], flags: []).count == 1)
        #expect(
            errors([("a.json", "{}")], flags: []) == [
                "data_dir: cannot be empty: say where the agent may keep its state, or -dev"
            ])
    }

    @Test func notUTF8() {
        let fragment = Fragment(path: "a.yaml", bytes: Array("node_name: ".utf8) + [0xE9, 0x0A])
        let outcome = ConfigLoader.load(
            fragments: [fragment], flags: [FlagValue("dev")], environment: .test)
        #expect(
            outcome.errors.map { $0.description } == [
                "a.yaml:1:12: this is not UTF-8: save the file in that encoding"
            ])
    }

    @Test func tooManyErrorsAreCounted() {
        let text = (0..<300).map { "key\($0)zzzzzz: 1\n" }.joined()
        let lines = errors([("a.yaml", text)])
        #expect(lines.count == 201)
        #expect(lines.last == "and 100 more: only 200 are shown")
    }

    @Test func otherFilesAreSkippedWithAWarning() {
        let outcome = load([("README.md", "{"), ("a.conf", "{")])
        #expect(outcome.errors.isEmpty)
        #expect(
            outcome.warnings.map { $0.description } == [
                "README.md: skipped: the extension must be .json, .yaml or .yml (or say "
                    + "-config-format)",
                "a.conf: skipped: the extension must be .json, .yaml or .yml (or say "
                    + "-config-format)",
            ])
        let forced = load(
            [("a.conf", "server: true")],
            flags: [FlagValue("dev"), FlagValue("config-format", "yaml")])
        #expect(forced.errors.isEmpty && forced.warnings.isEmpty)
        let both = load(
            [("a.json", "{}"), ("b.hcl", "{}"), ("c.yml", "server: true")],
            flags: [FlagValue("dev"), FlagValue("config-format", "json")])
        #expect(both.errors.isEmpty && both.warnings.isEmpty)
    }
}
