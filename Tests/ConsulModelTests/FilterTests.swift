import ConsulModel
import Testing

private func instance(
    _ node: String, port: Int, tags: [String], meta: [String: String] = [:],
    checks: [(String, String)] = []
) -> CheckServiceNode {
    var result = CheckServiceNode()
    result.node.node = node
    result.node.meta = ["rack": "r-\(node)"]
    result.service.service = "Web"
    result.service.port = port
    result.service.tags = tags
    result.service.meta = meta
    result.checks = checks.map { id, status in
        var check = HealthCheck()
        check.checkID = id
        check.status = status
        return check
    }
    return result
}

private let instances = [
    instance("m0", port: 80, tags: ["A"], checks: [("c", "critical")]),
    instance("m1", port: 81, tags: ["A", "b"], meta: ["v": "1", "a b": "x"]),
    instance("m2", port: 82, tags: []),
]

private func kept(_ expression: String) throws -> [String] {
    let filter = try Filter(expression, for: CheckServiceNode.self)
    return instances.filter { filter.matches($0) }.map(\.node.node)
}

/// Expectations were read off HashiCorp Consul 1.8.7.
@Suite struct FilterTests {
    @Test(arguments: [
        ("Node.Node==m1", "m1"), ("Node.Node == \"m1\"", "m1"), ("  Node.Node == `m1`  ", "m1"),
        ("Node.Node != m1", "m0 m2"), ("Node[\"Node\"] == m1", "m1"),
        ("Service.Meta.v == 1", "m1"), ("Service.Meta[\"a b\"] == x", "m1"),
        ("Service.Meta.zz == ``", ""), ("Service.Meta.zz != 1", "m0 m1 m2"),
        ("Service.Meta.zz matches nope", "m0 m1 m2"), ("x in Service.Meta.zz", ""),
        ("x not in Service.Meta.zz", "m0 m1 m2"),
        ("Service.Tags contains A", "m0 m1"), ("\"A\" in Service.Tags", "m0 m1"),
        ("A not in Service.Tags", "m2"), ("Service.Tags not contains b", "m0 m2"),
        ("Service.Tags is empty", "m2"), ("Service.Tags is  not  empty", "m0 m1"),
        ("v in Service.Meta", "m1"), ("Service.Meta contains v", "m1"),
        ("Service.Port == 80", "m0"), ("Service.Port == \"81\"", "m1"), ("Service.Port == -80", ""),
        ("m in Node.Node", "m0 m1 m2"), ("Node.Node contains 2", "m2"),
        ("Checks is empty", "m1 m2"), ("Checks.Status == critical", "m0"),
        ("not Checks.Status == critical", "m1 m2"), ("Checks.Status != critical", ""),
        ("Node.Node == m1 or Node.Node == m0 and Service.Port==82", "m1"),
        ("(Node.Node == m1 or Node.Node == m0) and Service.Port==80", "m0"),
        ("not not Node.Node == m1", "m1"), ("Service.EnableTagOverride == 0", "m0 m1 m2"),
        ("Service.Weights.Passing == 1", "m0 m1 m2"),
        ("Service.TaggedAddresses.lan.Port == 1", ""),
        ("Service.TaggedAddresses.lan.Address != x", "m0 m1 m2"),
        ("Service.Proxy.Upstreams is empty", "m0 m1 m2"),
        ("Node.Node matches `^m[01]$`", "m0 m1"), ("Node.Node not matches `^m[01]$`", "m2"),
        ("Node.Node matches \"(?i)M\\\\d\"", "m0 m1 m2"),
        ("Node.Node matches \"m\\x31\"", "m1"),
    ])
    func keeps(_ expression: String, _ nodes: String) throws {
        #expect(try kept(expression).joined(separator: " ") == nodes)
    }

    @Test(arguments: [
        ("nope == 1", "Selector \"nope\" is not valid"),
        ("node.node == m1", "Selector \"node\" is not valid"),
        ("Service.CreateIndex == 1", "Selector \"Service.CreateIndex\" is not valid"),
        ("Checks.Definition.HTTP == x", "Selector \"Checks.Definition\" is not valid"),
        ("Service.Proxy.Config is empty", "Selector \"Service.Proxy.Config\" is not valid"),
        ("Node.Meta.a.b == 1", "Selector \"Node.Meta.a.b\" is not valid"),
        (
            "Service.Port == x",
            "Failed to coerce value \"x\" for selector \"Service.Port\": strconv.ParseInt: "
                + "parsing \"x\": invalid syntax"
        ),
        (
            "Service.Port == 99999999999999999999",
            "Failed to coerce value \"99999999999999999999\" for selector \"Service.Port\": "
                + "strconv.ParseInt: parsing \"99999999999999999999\": value out of range"
        ),
        (
            "Service.EnableTagOverride == maybe",
            "Failed to coerce value \"maybe\" for selector \"Service.EnableTagOverride\": "
                + "strconv.ParseBool: parsing \"maybe\": invalid syntax"
        ),
        (
            "Service.Port is empty",
            "Invalid match operator \"Is Empty\" for selector \"Service.Port\""
        ),
        ("Node == 1", "Invalid match operator \"Equal\" for selector \"Node\""),
        (
            "Service.Tags matches x",
            "Invalid match operator \"Matches\" for selector \"Service.Tags\""
        ),
        ("(Node.Node == m1", "1:17 (16): rule \"grouping\": Unmatched parentheses"),
        ("Node.Node == \"m1", "1:17 (16): rule \"string\": Unterminated string literal"),
        ("Node.Node == \"a\\qb\"", "1:14 (13): rule \"string\": invalid syntax"),
        ("Service.Meta[\"v\" == 1", "1:18 (17): rule \"index\": Unclosed index expression"),
        ("Service.Tags[0] == A", "1:14 (13): rule \"index\": Invalid index"),
        ("Service.Port == 0x50", "1:18 (17): rule \"number\": Invalid number literal"),
        ("Service.Port == 080", "1:18 (17): rule \"number\": Invalid number literal"),
        ("Service.Port in 80", "1:17 (16): rule \"match\": Invalid selector"),
        (
            "Service.Port > 3",
            "1:14 (13): no match found, expected: \"!=\", \"==\", \"contains\", \"in\", \"is\", "
                + "\"matches\", \"not\" or [ \\t\\r\\n]"
        ),
        (
            "Node.Node ==",
            "1:13 (12): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], "
                + "[1-9] or [a-zA-Z]"
        ),
        ("Node.Node == m1 and", "1:20 (19): no match found, expected: [ \\t\\r\\n]"),
        (
            "Node.Node matches \"(m\"",
            "Failed to compile regular expression \"(m\": error parsing regexp: "
                + "missing closing ): `(m`"
        ),
        (
            "Node.Node matches \"m[1\"",
            "Failed to compile regular expression \"m[1\": error parsing regexp: "
                + "missing closing ]: `[1`"
        ),
        (
            "Node.Node matches \"a{2,1}\"",
            "Failed to compile regular expression \"a{2,1}\": error parsing regexp: "
                + "invalid repeat count: `{2,1}`"
        ),
        (
            "Node.Node matches \"(?=a)\"",
            "Failed to compile regular expression \"(?=a)\": error parsing regexp: "
                + "invalid or unsupported Perl syntax: `(?=`"
        ),
        (
            "Node.Node matches \"*\"",
            "Failed to compile regular expression \"*\": error parsing regexp: "
                + "missing argument to repetition operator: `*`"
        ),
    ])
    func refuses(_ expression: String, _ reason: String) {
        #expect(throws: FilterError.self) { try kept(expression) }
        do {
            _ = try kept(expression)
        } catch {
            #expect("\(error)" == "Failed to create boolean expression evaluator: \(reason)")
        }
    }

    @Test func deepAndLongExpressionsAreRefused() throws {
        let deep = String(repeating: "(", count: 100_000) + "Node.Node == a"
        #expect(throws: FilterError.self) { try kept(String(deep.suffix(8000))) }
        #expect(throws: FilterError.self) { try kept(deep) }
        let negations = String(repeating: "not ", count: 2000) + "Node.Node == m1"
        #expect(try kept(negations) == ["m1"])
    }

    /// Lists of 120 KB and more, as 1.8.7 takes them.
    @Test func longFlatListsAreAccepted() throws {
        func list(_ term: (Int) -> String, _ joint: String) -> String {
            (0..<8000).map(term).joined(separator: " \(joint) ")
        }
        #expect(try kept(list({ "Node.Node == m\($0 + 1)" }, "or")) == ["m1", "m2"])
        #expect(try kept(list({ "Node.Node != m\($0 + 1)" }, "and")) == ["m0"])
        #expect(try kept(list({ "\"x\($0)\" in Service.Tags" }, "or")) == [])
        #expect(
            try kept(list({ $0 % 2 == 0 ? "Service.Port == \($0)" : "Node.Node == \($0)" }, "or"))
                == ["m0", "m2"])
        #expect(throws: FilterError.self) {
            try kept(list({ "Node.Node matches `.{\($0)}`" }, "or"))
        }
    }

    /// Joined comparisons match the same records as single ones.
    @Test func comparisonsOfOneFieldAreJoined() throws {
        for (expression, nodes) in [
            ("Node.Node == m0 or Service.Port == 82 or Node.Node == m1", "m0 m1 m2"),
            ("Node.Node == m0 or not (Node.Node == m0 or Node.Node == m1)", "m0 m2"),
            ("Service.Meta.v == 1 or Service.Meta.v == 2", "m1"),
            ("Service.Meta.zz != 1 and Service.Meta.zz != 2", "m0 m1 m2"),
            ("Checks.Status == critical or Checks.Status == passing", "m0"),
            ("Checks.Status != critical and Checks.Status != passing", ""),
        ] {
            #expect(try kept(expression).joined(separator: " ") == nodes, "\(expression)")
        }
        let both = instance("m", port: 1, tags: [], checks: [("a", "critical"), ("b", "warning")])
        let filter = try Filter(
            "Checks.Status != critical and Checks.Status != warning", for: CheckServiceNode.self)
        #expect(filter.matches(both))  // each matches through another check
    }

    /// Backtracking engines take exponential time for these.
    @Test func noPatternTakesExponentialTime() throws {
        var long = instances[0]
        long.node.node = String(repeating: "a", count: 500) + "!"
        for pattern in ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)(.*)(.*)(.*)x", "(a?){200}a{200}b"] {
            let filter = try Filter("Node.Node matches `\(pattern)`", for: CheckServiceNode.self)
            #expect(!filter.matches(long))
        }
        #expect(throws: FilterError.self) { try kept("Node.Node matches `((a{99}){99}){99}`") }
    }
}
