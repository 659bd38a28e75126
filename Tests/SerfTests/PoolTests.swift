import Memberlist
import Primitives
import Testing
import Vivaldi

@testable import Serf

/// Pools of two to five cores, through memberlist.
@Suite struct PoolTests {
    @Test func joinMakesMembersOfAll() {
        var pool = SerfPool()
        for name in ["n1", "n2", "n3"] { pool.start(name, tags: ["role": "node", "id": name]) }
        let ticket = pool.request("n2") {
            .join([SerfPool.address(1)], ignoresOldEvents: true, $0)
        }
        pool.join("n3", "n1")
        pool.run(for: .seconds(3))
        #expect(pool.answer("n2", ticket) == .joined(1, failures: []))
        for name in ["n1", "n2", "n3"] {
            let members = pool.nodes[name]?.core.members ?? []
            #expect(members.map(\.name) == ["n1", "n2", "n3"])
            #expect(members.allSatisfy { $0.status == .alive })
            #expect(members.map { $0.tags["id"] } == ["n1", "n2", "n3"])
            #expect(pool.nodes[name]?.core.statistics.members == 3)
        }
        #expect(pool.notes("n1").contains("serf: EventMemberJoin: n2 127.0.0.2"))
        #expect(pool.records("n1").contains("alive: n2 127.0.0.2:8301"))
    }

    @Test func joinCountsFailures() {
        var pool = SerfPool(["n1"])
        pool.start("n2")
        let ticket = pool.request("n2") {
            .join(
                [SerfPool.address(7), SerfPool.address(1), SerfPool.address(8)],
                ignoresOldEvents: true, $0)
        }
        pool.run(for: .seconds(1))
        #expect(
            pool.answer("n2", ticket)
                == .joined(
                    1,
                    failures: [
                        "Failed to join 127.0.0.7: connection refused",
                        "Failed to join 127.0.0.8: connection refused",
                    ]))
        let none = pool.request("n2") { .join([], ignoresOldEvents: true, $0) }
        #expect(pool.answer("n2", none) == .joined(0, failures: []))
    }

    /// A stream whose end is never reported must not leave the join open.
    @Test func joinIsAnsweredInBoundedTime() {
        var pool = SerfPool(["n1", "n2"])
        pool.start("n3")
        let ticket = pool.request("n3") {
            .join([SerfPool.address(1)], ignoresOldEvents: true, $0)
        }
        pool.cut = ["n3"]
        pool.run(for: .seconds(20))
        #expect(
            pool.answer("n3", ticket)
                == .joined(0, failures: ["Failed to join 127.0.0.1: i/o timeout"]))
    }

    @Test func refusedMergeIsAFailure() {
        var pool = SerfPool(["n1"])
        let options = SerfPool.options {
            $0.mergeRefusal = { members in
                members.contains { $0.name == "n1" } ? "Member 'n1' part of wrong datacenter" : nil
            }
            $0.refusal = { $0.name == "n1" ? "Member 'n1' part of wrong datacenter" : nil }
        }
        pool.start("n2", options: options)
        let ticket = pool.request("n2") {
            .join([SerfPool.address(1)], ignoresOldEvents: true, $0)
        }
        pool.run(for: .seconds(2))
        guard case .joined(0, let failures)? = pool.answer("n2", ticket) else {
            Issue.record("\(String(describing: pool.answer("n2", ticket)))")
            return
        }
        #expect(failures.count == 1)
        #expect(failures[0].contains("Member 'n1' part of wrong datacenter"))
        #expect(pool.status("n1", seenBy: "n2") == nil)
    }

    @Test func refusedMemberStaysOutside() {
        let options = SerfPool.options {
            $0.refusal = { $0.tags["dc"] == "dc2" ? "wrong datacenter" : nil }
        }
        var pool = SerfPool(["n1"], options: options)
        pool.start("n2", tags: ["dc": "dc2"])
        pool.join("n2", "n1")
        pool.run(for: .seconds(5))
        #expect(pool.status("n2", seenBy: "n1") == nil)
    }

    @Test func failedMemberIsReportedAndReturns() {
        var pool = SerfPool(["n1", "n2", "n3"])
        pool.cut = ["n3"]
        pool.run(for: .seconds(20))
        #expect(pool.status("n3", seenBy: "n1") == .failed)
        #expect(pool.nodes["n1"]?.core.statistics.failed == 1)
        #expect(pool.notes("n1").contains("serf: EventMemberFailed: n3 127.0.0.3"))
        #expect(pool.records("n1").contains("not-alive: n3"))
        pool.cut = []
        // Reconnects are tried every 30 s with probability failed / alive.
        pool.run(for: .seconds(400))
        #expect(pool.status("n3", seenBy: "n1") == .alive)
        #expect(pool.status("n1", seenBy: "n3") == .alive)
    }

    @Test func leaveIsOrderlyAndAnswered() {
        var pool = SerfPool(["n1", "n2", "n3"])
        let ticket = pool.request("n3") { .leave($0) }
        #expect(pool.status("n3", seenBy: "n3") == .leaving)
        let second = pool.request("n3") { .leave($0) }
        pool.run(for: .seconds(15))
        #expect(pool.answer("n3", ticket) == .done)
        #expect(pool.answer("n3", second) == .done)
        #expect(pool.log("n3").last == .stop(nil))
        #expect(pool.records("n3").last == "leave")
        #expect(pool.status("n3", seenBy: "n1") == .left)
        let changes = pool.events("n1").compactMap { event -> SerfEvent.MemberChange? in
            if case .member(let change, let member) = event, member.name == "n3" { return change }
            return nil
        }
        #expect(changes == [.leave])
        // Nothing is accepted afterwards.
        let late = pool.request("n3") {
            .userEvent(name: "a", payload: [], coalesces: false, $0)
        }
        #expect(pool.answer("n3", late) == .refused(.hasLeft))
    }

    @Test func loneNodeLeavesAtOnce() {
        var pool = SerfPool(["n1"])
        let ticket = pool.request("n1") { .leave($0) }
        #expect(pool.answer("n1", ticket) == .done)
        #expect(pool.nodes["n1"]?.stopped == true)
    }

    @Test func leaveEndsWithoutANetwork() {
        var pool = SerfPool(["n1", "n2"])
        pool.cut = ["n2"]
        let ticket = pool.request("n2") { .leave($0) }
        pool.run(for: .seconds(15))
        #expect(pool.answer("n2", ticket) == .done)
    }

    @Test func forceLeaveMovesFailedToLeft() {
        var pool = SerfPool(["n1", "n2", "n3"])
        pool.crash("n3")
        pool.run(for: .seconds(20))
        let stranger = pool.request("n1") { .forceLeave("n9", prunes: false, $0) }
        #expect(pool.answer("n1", stranger) == .refused(.noSuchMember("n9")))
        let ticket = pool.request("n1") { .forceLeave("n3", prunes: false, $0) }
        #expect(pool.answer("n1", ticket) == .done)
        pool.run(for: .seconds(3))
        #expect(pool.status("n3", seenBy: "n1") == .left)
        #expect(pool.status("n3", seenBy: "n2") == .left)
        #expect(pool.notes("n2").contains("serf: EventMemberLeave (forced): n3 127.0.0.3"))
    }

    @Test func pruneForgetsTheMemberEverywhere() {
        var pool = SerfPool(["n1", "n2", "n3"])
        pool.crash("n3")
        pool.run(for: .seconds(20))
        pool.request("n1") { .forceLeave("n3", prunes: true, $0) }
        pool.run(for: .seconds(3))
        #expect(pool.status("n3", seenBy: "n1") == nil)
        #expect(pool.status("n3", seenBy: "n2") == nil)
        pool.run(for: .seconds(120))
        #expect(pool.nodes["n2"]?.core.members.map(\.name) == ["n1", "n2"])
    }

    /// A live member refutes its own force-leave.
    @Test func liveMemberRefutesAForceLeave() {
        var pool = SerfPool(["n1", "n2", "n3"])
        pool.request("n1") { .forceLeave("n2", prunes: false, $0) }
        #expect(pool.status("n2", seenBy: "n1") == .leaving)
        pool.run(for: .seconds(3))
        for observer in ["n1", "n2", "n3"] {
            #expect(pool.status("n2", seenBy: observer) == .alive)
        }
        #expect(pool.notes("n2").contains("serf: Refuting an older leave intent"))
    }

    @Test func tagsReachAllMembers() {
        var pool = SerfPool(["n1", "n2"])
        let ticket = pool.request("n1") { .setTags(["role": "web"], $0) }
        #expect(pool.answer("n1", ticket) == .done)
        pool.run(for: .seconds(2))
        #expect(pool.nodes["n2"]?.core.member(named: "n1")?.tags == ["role": "web"])
        #expect(pool.nodes["n1"]?.core.localMember.tags == ["role": "web"])
        let long = pool.request("n1") {
            .setTags(["a": String(repeating: "x", count: 512)], $0)
        }
        #expect(pool.answer("n1", long) == .refused(.tagsTooLong(limit: 512)))
    }

    @Test func userEventReachesEachMemberOnce() {
        let names = (1...5).map { "n\($0)" }
        var pool = SerfPool(names)
        for number in 0..<5 {
            pool.request("n\(number + 1)") {
                .userEvent(name: "deploy\(number)", payload: [1, 2], coalesces: false, $0)
            }
        }
        pool.run(for: .seconds(90))
        for name in names {
            #expect(pool.userEvents(name).sorted() == (0..<5).map { "deploy\($0)" })
        }
    }

    #if PLANTED_BUGS
        @Test func plantedBugDeliversEventsTwice() {
            let options = SerfPool.options { $0.memberlist.plantedBugs = .deliversEventsTwice }
            var pool = SerfPool(["n1", "n2", "n3"], options: options)
            pool.request("n1") {
                .userEvent(name: "deploy", payload: [], coalesces: false, $0)
            }
            pool.run(for: .seconds(5))
            #expect(pool.userEvents("n2").count > 1)
        }
    #endif

    /// A joiner hears of earlier events only if it wants to.
    @Test func joinMayIgnoreOldEvents() {
        var pool = SerfPool(["n1"])
        pool.request("n1") { .userEvent(name: "old", payload: [], coalesces: false, $0) }
        pool.start("n2")
        pool.join("n2", "n1", ignoresOld: true)
        pool.start("n3")
        pool.join("n3", "n1", ignoresOld: false)
        pool.run(for: .seconds(3))
        #expect(pool.userEvents("n2").isEmpty)
        #expect(pool.userEvents("n3") == ["old"])
        pool.request("n1") { .userEvent(name: "new", payload: [], coalesces: false, $0) }
        pool.run(for: .seconds(3))
        #expect(pool.userEvents("n2") == ["new"])
        #expect(pool.userEvents("n3") == ["old", "new"])
    }

    @Test func restartedNodeDeliversNothingTwice() {
        var pool = SerfPool(["n1", "n2"])
        pool.request("n1") { .userEvent(name: "first", payload: [], coalesces: false, $0) }
        pool.run(for: .seconds(3))
        var restored = SnapshotState()
        for case .record(let record) in pool.log("n2") { restored.apply(record) }
        #expect(restored.eventClock == 1)
        pool.start("n2", restored: restored)
        pool.join("n2", "n1", ignoresOld: false)
        pool.run(for: .seconds(3))
        #expect(pool.userEvents("n2").isEmpty)
        pool.request("n1") { .userEvent(name: "second", payload: [], coalesces: false, $0) }
        pool.run(for: .seconds(3))
        #expect(pool.userEvents("n2") == ["second"])
    }

    @Test func nodeRejoinsAfterItLeft() {
        var pool = SerfPool(["n1", "n2"])
        pool.request("n2") { .leave($0) }
        pool.run(for: .seconds(15))
        #expect(pool.status("n2", seenBy: "n1") == .left)
        pool.start("n2")
        pool.join("n2", "n1")
        pool.run(for: .seconds(40))
        #expect(pool.status("n2", seenBy: "n1") == .alive)
        #expect(pool.status("n2", seenBy: "n2") == .alive)
    }

    @Test func coordinatesAreExchanged() {
        var pool = SerfPool(["n1", "n2"])
        pool.run(for: .seconds(20))
        #expect(pool.nodes["n1"]?.core.coordinate(of: "n2") != nil)
        #expect(pool.nodes["n1"]?.core.coordinate(of: "n1") == pool.nodes["n1"]?.core.coordinate)
        let distance = pool.nodes["n1"]?.core.coordinate(of: "n2").flatMap {
            pool.nodes["n1"]?.core.coordinate.roundTrip(to: $0)
        }
        #expect((distance?.seconds ?? 1) < 0.05)
    }

    @Test func sameInputsGiveTheSameDirectives() {
        func play() -> [[SerfDirective]] {
            var pool = SerfPool(["n1", "n2", "n3", "n4"])
            pool.request("n1") { .userEvent(name: "a", payload: [], coalesces: false, $0) }
            pool.run(for: .seconds(10))
            pool.crash("n4")
            pool.run(for: .seconds(30))
            pool.request("n2") { .leave($0) }
            pool.run(for: .seconds(30))
            return ["n1", "n2", "n3"].map { pool.log($0) }
        }
        #expect(play() == play())
    }
}
