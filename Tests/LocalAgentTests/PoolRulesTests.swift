import ConsulModel
import LocalAgent
import Primitives
import Serf
import Testing
import Wire

/// The rules by which members are admitted to Consul's pools, and forgotten.
@Suite struct PoolRulesTests {
    private let rules = PoolRules(datacenter: "dc1", nodeID: "id-here", nodeName: "here")

    private func member(
        _ name: String, _ tags: [String: String], status: SerfMember.Status = .alive
    ) throws -> SerfMember {
        let address = try #require(TransportAddress("10.0.0.1:8301"))
        return SerfMember(name: name, address: address, tags: tags, status: status)
    }

    @Test func theDatacenterMustMatch() throws {
        let far = try member("far", ["role": "node", "dc": "dc2"])
        #expect(rules.lanRefusal(of: far) == "Member 'far' part of wrong datacenter 'dc2'")
        #expect(rules.lanRefusal(of: try member("near", ["role": "consul", "dc": "dc1"])) == nil)
        let segment = try member("s", ["role": "node", "dc": "dc1", "segment": "x"])
        #expect(
            rules.lanRefusal(of: segment)
                == "Member 's' part of wrong segment 'x' (expected '')")
        // A plain Serf agent is a member of no role.
        #expect(rules.lanRefusal(of: try member("plain", [:])) == nil)
    }

    @Test func anIDBelongsToOneName() throws {
        func tags(_ id: String) -> [String: String] { ["role": "node", "dc": "dc1", "id": id] }
        let a = try member("a", tags("1"))
        let b = try member("b", tags("1"))
        #expect(
            rules.lanRefusal(ofMerge: [a, b])
                == "Member 'b' has conflicting node ID '1' with member 'a'")
        let gone = try member("a", tags("1"), status: .left)
        #expect(rules.lanRefusal(ofMerge: [gone, b]) == nil)
        #expect(
            rules.lanRefusal(ofMerge: [try member("thief", tags("id-here"))])
                == "Member 'thief' has conflicting node ID 'id-here' with this agent's ID")
        #expect(rules.lanRefusal(ofMerge: [try member("here", tags("id-here"))]) == nil)
    }

    @Test func onlyServersAreInTheWAN() throws {
        var tags = ["role": "consul", "port": "8300", "vsn": "2", "build": "1.8.7:abc"]
        #expect(PoolRules.wanRefusal(of: try member("s.dc1", tags)) == nil)
        for (key, value) in [
            ("role", "node"), ("port", "x"), ("vsn", ""), ("build", "1.8"), ("expect", "three"),
            ("ft_fs", "yes"),
        ] {
            let old = tags[key]
            tags[key] = value
            #expect(
                PoolRules.wanRefusal(of: try member("s.dc1", tags))
                    == "Member 's.dc1' is not a server", "\(key)=\(value)")
            tags[key] = old
        }
    }

    @Test func clientsMayBeForgottenSooner() throws {
        let client = try member("c", ["role": "node"])
        let own = try member("c", ["role": "node", "rc_tm": "30m"])
        let server = try member("s", ["role": "consul", "rc_tm": "30m"])
        #expect(PoolRules.reconnectTimeout(of: client, clients: .zero) == nil)
        #expect(PoolRules.reconnectTimeout(of: client, clients: .hours(1)) == .hours(1))
        #expect(PoolRules.reconnectTimeout(of: own, clients: .hours(1)) == .minutes(30))
        #expect(PoolRules.reconnectTimeout(of: server, clients: .hours(1)) == nil)
    }
}

/// The payload of user events, in the bytes of HashiCorp's agents.
@Suite struct EventPayloadTests {
    /// Captured from a 1.8.7 agent.
    @Test func bytesAreThoseOfHashiCorpsAgents() throws {
        var event = UserEvent()
        event.id = "0587ecdb-2222-3333-4444-555555555531"
        event.name = "deploy"
        event.payload = "pl"
        event.serviceFilter = "web"
        let text = Array(event.id.utf8)
        let expected: [UInt8] =
            [0x85, 0xA2, 0x49, 0x44, 0xD9, 0x24] + text + [0xA1, 0x6E, 0xA6]
            + Array("deploy".utf8) + [0xA1, 0x70, 0xC4, 0x02, 0x70, 0x6C, 0xA2, 0x73, 0x66, 0xA3]
            + Array("web".utf8) + [0xA1, 0x76, 0x01]
        #expect(EventPayload.encode(event) == expected)
        #expect(try EventPayload.decode(expected) == event)
    }

    @Test func everyLengthIsReadBack() throws {
        for length in [0, 1, 31, 32, 255, 256, 400] {
            var event = UserEvent()
            event.id = "x"
            event.name = String(repeating: "n", count: max(1, length))
            event.payload = Bytes([UInt8](repeating: 7, count: length))
            event.nodeFilter = String(repeating: "f", count: length)
            event.tagFilter = String(repeating: "t", count: length)
            #expect(try EventPayload.decode(EventPayload.encode(event)) == event)
        }
        #expect(throws: (any Error).self) { try EventPayload.decode([0x81, 0xA1]) }
    }
}
