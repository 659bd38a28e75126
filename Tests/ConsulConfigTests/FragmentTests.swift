import Testing

@testable import ConsulConfig

@Suite struct FragmentTests {
    private let yaml = """
        # comment
        x-defaults: &d {interval: 10s, "timeout": 2s}
        node_meta: {a: 'é', b: "\\x41\\u00e9"}
        pid_file: >-
          folded
          text
        services:
        - name: web
          tags: [a, !!str 5, "c d"]
          check:
            <<: *d
            http: "http://localhost:80/"
            body: |
              two
              lines
        """
    private let json = """
        {"server": true, "ports": {"http": 8500, "dns": -1},
         "services": [{"name": "w\\u00e9b", "tags": ["a", "b"], "check": {"ttl": "10s"}}],
         "limits": {"rpc_rate": 1.5e3}, "pid_file": null}
        """

    /// A half-written file is refused or read, and never crashes the parser, at any cut.
    @Test func everyPrefixOfAFile() {
        for (name, text) in [("a.yaml", yaml), ("a.json", json)] {
            #expect(errors([(name, text)]).isEmpty, "\(errors([(name, text)]))")
            let bytes = Array(text.utf8)
            for count in 0..<bytes.count {
                let outcome = ConfigLoader.load(
                    fragments: [Fragment(path: name, bytes: Array(bytes[..<count]))],
                    flags: [FlagValue("dev")], environment: .test)
                #expect((outcome.config == nil) == !outcome.errors.isEmpty)
                if name == "a.json", count > 0 { #expect(!outcome.errors.isEmpty) }
            }
        }
    }

    @Test func oddBytesNeverCrash() {
        for (name, text) in [("a.yaml", yaml), ("a.json", json)] {
            let bytes = Array(text.utf8)
            for index in bytes.indices {
                for odd in [0x00, 0x09, 0x0A, 0x22, 0x26, 0x2A, 0x3A, 0x5B, 0x7D, 0xFF] as [UInt8] {
                    var changed = bytes
                    changed[index] = odd
                    _ = ConfigLoader.load(
                        fragments: [Fragment(path: name, bytes: changed)],
                        flags: [FlagValue("dev")], environment: .test)
                }
            }
        }
    }

    @Test func positionsCountCodePoints() throws {
        let root = try #require(
            JSONFragment.parse(Array("{\"é\": [1,\n\t\"ü\", {\"k\" :2}]}".utf8), file: "f").root)
        let list = try #require(root.entries?.first)
        #expect(list.position.description == "f:1:2")
        let nodes = try #require(list.value.elements)
        #expect(nodes.map { $0.position.description } == ["f:1:8", "f:2:2", "f:2:7"])
        #expect(nodes[2].entries?[0].value.position.description == "f:2:13")
    }

    @Test func thousandsOfServicesAreQuick() {
        let one = { (index: Int) in
            """
            {"name": "s\(index)", "port": 80, "tags": ["a", "b"],
              "check": {"http": "http://localhost/", "interval": "10s"}}
            """
        }
        let text = "{\"services\": [" + (0..<2000).map(one).joined(separator: ",") + "]}"
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(load([("a.json", text), ("b.yaml", "x-all: \(text)")]).errors.isEmpty)
        }
        #expect(time < .seconds(20))
        print("2,000 services twice: \(time)")
    }
}
