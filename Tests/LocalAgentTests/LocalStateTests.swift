import ConsulModel
import LocalAgent
import Primitives
import Synchronization
import Testing

@Suite struct LocalStateTests {
    private func state(_ clock: ManualClock = ManualClock()) -> LocalState {
        LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
    }

    private func check(_ id: String, _ status: String = "critical", service: String = "")
        -> HealthCheck
    {
        var check = HealthCheck()
        check.checkID = id
        check.status = status
        check.serviceID = service
        return check
    }

    private func add(_ name: String, port: Int = 0, to local: LocalState) {
        var definition = ServiceDefinition()
        definition.name = name
        definition.port = port
        local.addService(definition, service: definition.nodeService, source: .api)
    }

    @Test func observersAreNotifiedOfChangesOnly() {
        let local = state()
        let changes = Mutex<[LocalState.Change]>([])
        let observer = local.observe { change in changes.withLock { $0.append(change) } }
        add("web", to: local)
        add("web", to: local)
        add("web", port: 1, to: local)
        local.addCheck(CheckDefinition(), check: check("c"), source: .api)
        local.updateCheck("c", status: .critical, output: "")
        local.updateCheck("c", status: .passing, output: "")
        local.updateCheck("none", status: .passing, output: "")
        local.removeCheck("c")
        local.removeCheck("c")
        local.removeService("web")
        #expect(
            changes.withLock { $0 } == [
                .service("web"), .service("web"), .check("c"), .check("c"), .check("c"),
                .service("web"),
            ])
        local.stopObserving(observer)
        add("web", to: local)
        #expect(changes.withLock { $0.count } == 6)
    }

    @Test func historyKeepsTheNewestTransitions() {
        let local = state()
        local.addCheck(CheckDefinition(), check: check("c"), source: .api)
        for turn in 0..<100 {
            let hasChanged = local.updateCheck(
                "c", status: turn % 2 == 0 ? .passing : .warning, output: "\(turn)")
            #expect(hasChanged)
            local.updateCheck("c", status: turn % 2 == 0 ? .passing : .warning, output: "more")
        }
        let history = local.check("c")?.history ?? []
        #expect(history.count == Limits.checkHistoryMax)
        #expect(history.last?.output == "99")
        #expect(history.last?.from == "passing" && history.last?.to == "warning")
    }

    @Test func newRegistrationKeepsHistoryAndCriticalSince() {
        let clock = ManualClock()
        let local = state(clock)
        local.addCheck(CheckDefinition(), check: check("c", "passing"), source: .api)
        #expect(local.check("c")?.criticalSince == nil)
        local.updateCheck("c", status: .critical, output: "")
        clock.advance(.seconds(9))
        local.addCheck(CheckDefinition(), check: check("c", "critical"), source: .api)
        #expect(local.check("c")?.criticalSince == .zero)
        #expect(local.check("c")?.history.count == 1)
    }

    @Test func changeDuringSendingStaysUnsynced() {
        let local = state()
        add("web", to: local)
        let sent = local.service("web")!.service
        add("web", port: 1, to: local)
        local.markSynced(service: sent)
        #expect(local.service("web")?.isInSync == false)

        local.addCheck(CheckDefinition(), check: check("c"), source: .api)
        let synced = local.check("c")!.check
        var noted = synced
        noted.notes = "new"
        local.addCheck(CheckDefinition(), check: noted, source: .api)
        local.markSynced(check: synced)
        #expect(local.check("c")?.isInSync == false)
        local.markSynced(check: noted)
        #expect(local.check("c")?.isInSync == true)

        local.updateCheck("c", status: .critical, output: "newer")
        local.markSynced(check: noted)
        #expect(local.check("c")?.isInSync == true)
        #expect(local.check("c")?.outputIsNew == true)
    }

    @Test func removalsAreRememberedUntilSynced() {
        let local = state()
        add("web", to: local)
        local.addCheck(CheckDefinition(), check: check("c"), source: .api)
        local.removeService("web")
        local.removeCheck("c")
        #expect(local.removed == (["web"], ["c"]))
        add("web", to: local)
        #expect(local.removed == ([], ["c"]))
        local.forgetRemoved(check: "c")
        #expect(local.removed == ([], []))
    }

    @Test func checksOfAServiceAreItsOwnAndTheNodes() {
        let local = state()
        add("web", to: local)
        for check in [check("a", service: "web"), check("b"), check("c", service: "db")] {
            local.addCheck(CheckDefinition(), check: check, source: .api)
        }
        #expect(local.checks(ofService: "web")?.map { $0.checkID } == ["a", "b"])
        #expect(local.checks(ofService: "")?.map { $0.checkID } == ["b"])
        #expect(local.checks(ofService: "none") == nil)
    }
}
