import ConsulModel
import LocalAgent
import TestKit
import Testing

struct AliasGraphTests {
    /// The checks that decide the status of an alias, by their IDs.
    @Test func aliasCycleIsAsHealthyAsItsOtherChecks() throws {
        let clock = ManualClock()
        let local = LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
        func add(_ id: String, service: String, alias: String = "", node: String = "") {
            var definition = CheckDefinition()
            definition.id = id
            definition.aliasService = alias
            definition.aliasNode = node
            var check = HealthCheck()
            check.checkID = id
            check.serviceID = service
            local.addCheck(definition, check: check, source: .api)
        }
        func seen(_ service: String, by check: String) -> [String]? {
            local.checks(ofService: service, followedBy: check)?.map { $0.checkID }
        }
        for name in ["x", "y", "z"] {
            var service = NodeService()
            service.id = name
            service.service = name
            local.addService(ServiceDefinition(), service: service, source: .api)
        }
        add("x-y", service: "x", alias: "y")
        add("y-z", service: "y", alias: "z", node: "here")
        add("y-real", service: "y")
        // No cycle: the alias itself counts.
        #expect(seen("y", by: "x-y") == ["y-real", "y-z"])
        #expect(seen("z", by: "y-z") == [])
        add("z-x", service: "z", alias: "x")
        add("z-real", service: "z")
        #expect(seen("y", by: "x-y") == ["y-real", "z-real"])
        #expect(seen("z", by: "y-z") == ["z-real", "y-real"])
        #expect(seen("x", by: "z-x") == ["y-real", "z-real"])
        // A check of the node counts for every service, and may follow one.
        add("node", service: "", alias: "x")
        #expect(seen("x", by: "node") == ["y-real", "z-real"])
        #expect(seen("none", by: "x-y") == nil)
    }
}
