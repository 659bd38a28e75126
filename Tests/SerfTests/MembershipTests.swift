import Memberlist
import Primitives
import Testing

@testable import Serf

/// The states of members, by the delegate's calls alone.
@Suite struct MembershipTests {
    private func changes(_ events: [SerfEvent]) -> [String] {
        events.compactMap {
            if case .member(let change, let member) = $0 {
                "\(change) \(member.name) \(member.status.name)"
            } else {
                nil
            }
        }
    }

    @Test func joinFailReturnUpdate() {
        var state = SerfState.fixture()
        state.memberJoined(.fixture(2, tags: ["role": "a"]), now: .zero)
        state.memberGone(.fixture(2, state: .dead), now: .seconds(1))
        state.memberGone(.fixture(2, state: .dead), now: .seconds(1))
        state.memberJoined(.fixture(2, tags: ["role": "b"]), now: .seconds(2))
        state.memberUpdated(.fixture(2, tags: ["role": "c"]), now: .seconds(3))
        state.memberUpdated(.fixture(7), now: .seconds(3))
        state.memberGone(.fixture(7, state: .dead), now: .seconds(3))
        #expect(
            changes(state.events()) == [
                "join n2 alive", "failed n2 failed", "join n2 alive", "update n2 alive",
            ])
        #expect(state.table["n2"]?.member.tags == ["role": "c"])
    }

    @Test func departureIsLeavingThenLeft() {
        var state = SerfState.pool(of: 2)
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2"))
        #expect(state.status("n2") == .leaving)
        #expect(state.clock.time == 6)
        #expect(state.queued(.intents).count == 1)
        state.memberGone(.fixture(2, state: .left), now: .zero)
        #expect(changes(state.events()) == ["leave n2 left"])
        #expect(state.table.left.names == ["n2"])
    }

    @Test func olderIntentsAreIgnored() {
        var state = SerfState.pool(of: 2)
        state.receive(.join, JoinIntent(lTime: 5, node: "n2"))
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2"))
        state.receive(.leave, LeaveIntent(lTime: 4, node: "n2"))
        #expect(state.status("n2") == .alive)
        state.receive(.leave, LeaveIntent(lTime: 6, node: "n2"))
        state.receive(.join, JoinIntent(lTime: 7, node: "n2"))
        #expect(state.status("n2") == .alive)
        #expect(state.queued(.intents).count == 3)
    }

    /// Two departures in a row must not be gossiped for ever between nodes that saw them in
    /// different order.
    @Test func repeatedDepartureIsGossipedOnce() {
        var state = SerfState.pool(of: 2)
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2"))
        state.receive(.leave, LeaveIntent(lTime: 6, node: "n2"))
        state.receive(.leave, LeaveIntent(lTime: 6, node: "n2"))
        #expect(state.queued(.intents).count == 2)
    }

    @Test func intentsWaitForTheirMember() {
        var state = SerfState.fixture()
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2"))
        state.receive(.join, JoinIntent(lTime: 4, node: "n2"))
        state.receive(.join, JoinIntent(lTime: 9, node: "n3"))
        #expect(state.queued(.intents).count == 2)
        state.memberJoined(.fixture(2), now: .seconds(1))
        state.memberJoined(.fixture(3), now: .seconds(1))
        #expect(state.status("n2") == .leaving)
        #expect(state.status("n3") == .alive)
        #expect(state.table["n3"]?.statusTime == 9)
    }

    @Test func waitingIntentsExpire() {
        var state = SerfState.fixture()
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2"), at: .seconds(10))
        state.reap(now: .seconds(310))
        #expect(state.recentIntents.count == 1)
        state.reap(now: .seconds(311))
        #expect(state.recentIntents.count == 0)
    }

    @Test func departureOfThisNodeIsRefutedWhileAlive() {
        var state = SerfState.pool(of: 2)
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n1"))
        #expect(state.status("n1") == .alive)
        let join = SerfMessageType.join.encode(JoinIntent(lTime: 6, node: "n1"))
        #expect(state.queued(.intents) == [join])
        state.phase = .leaving
        state.receive(.leave, LeaveIntent(lTime: 9, node: "n1"))
        #expect(state.status("n1") == .leaving)
    }

    @Test func forcedDepartureOfAFailedMember() {
        var state = SerfState.pool(of: 3)
        state.memberGone(.fixture(2, state: .dead), now: .zero)
        _ = state.takeDirectives()
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2"))
        #expect(changes(state.events()) == ["leave n2 left"])
        #expect(state.table.failed.isEmpty)
        #expect(state.table.left.names == ["n2"])
    }

    @Test func pruneForgets() {
        var state = SerfState.pool(of: 4)
        state.memberGone(.fixture(2, state: .dead), now: .zero)
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2", prune: true))
        #expect(state.status("n2") == nil)
        // A live member is forgotten at the end of its departure, unless it refutes it.
        state.receive(.leave, LeaveIntent(lTime: 6, node: "n3", prune: true))
        state.receive(.leave, LeaveIntent(lTime: 7, node: "n4", prune: true))
        state.receive(.join, JoinIntent(lTime: 8, node: "n4"))
        state.runPrunes(now: .seconds(5))
        #expect(state.status("n3") == .leaving)
        state.runPrunes(now: .seconds(6))
        #expect(state.status("n3") == nil)
        #expect(state.status("n4") == .alive)
    }

    @Test func membersAreReapedAfterTheirTimeouts() {
        var state = SerfState.pool(of: 5) {
            $0.reconnectTimeout = .hours(72)
            $0.tombstoneTimeout = .hours(24)
            $0.reconnectTimeoutOfMember = { $0.tags["role"] == "node" ? .hours(1) : nil }
        }
        state.memberUpdated(.fixture(2, tags: ["role": "node"]), now: .zero)
        for number in 2...4 { state.memberGone(.fixture(number, state: .dead), now: .zero) }
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n4"))
        _ = state.takeDirectives()
        func hours(_ count: Int64) -> Instant { .zero + .hours(count) }
        state.reap(now: hours(1))
        #expect(state.table.count == 5)
        state.reap(now: hours(2))
        #expect(changes(state.events()) == ["reap n2 failed"])
        state.reap(now: hours(25))
        #expect(changes(state.events()) == ["reap n4 left"])
        state.reap(now: hours(73))
        #expect(changes(state.events()) == ["reap n3 failed"])
        #expect(state.table.names == ["n1", "n5"])
    }

    @Test func failedMembersAreReconnectedWithTheirShare() {
        var state = SerfState.pool(of: 11)
        #expect(state.chooseReconnect() == nil)
        for number in 2...3 { state.memberGone(.fixture(number, state: .dead), now: .zero) }
        var chosen = 0
        for _ in 0..<2_000 where state.chooseReconnect() != nil { chosen += 1 }
        // Two failed, nine alive: 444.
        #expect((350...550).contains(chosen))
        for number in 4...11 { state.memberGone(.fixture(number, state: .dead), now: .zero) }
        for _ in 0..<20 { #expect(state.chooseReconnect() != nil) }
    }

    // MARK: Push/pull

    @Test func pushPullCarriesStatuses() {
        var state = SerfState.pool(of: 4)
        state.receive(.leave, LeaveIntent(lTime: 5, node: "n2"))
        state.memberGone(.fixture(2, state: .left), now: .zero)
        state.receive(.join, JoinIntent(lTime: 8, node: "n3"))
        let message = state.localState(isJoin: false)
        var other = SerfState.pool(of: 4)
        other.memberGone(.fixture(2, state: .dead), now: .zero)
        other.receive(.leave, LeaveIntent(lTime: 7, node: "n3"))
        other.mergeRemoteState(message[...], isJoin: false, now: .zero)
        #expect(other.status("n2") == .left)
        #expect(other.table["n2"]?.statusTime == 6)
        #expect(other.status("n3") == .alive)
        #expect(other.table["n3"]?.statusTime == 8)
        #expect(other.clock.time == 9)
    }

    /// The time of a departure that did not reach this node comes back in a push/pull of a member
    /// that does not show it as one.
    @Test func unknownTimeOfThisNodeIsAnnouncedAgain() {
        var record = PushPullRecord()
        record.lTime = 10
        record.statusTimes.entries = [.init(name: "n1", lTime: 7), .init(name: "n2", lTime: 8)]
        let message = SerfMessageType.pushPull.encode(record)
        var state = SerfState.pool(of: 2)
        state.mergeRemoteState(message[...], isJoin: false, now: .zero)
        let join = SerfMessageType.join.encode(JoinIntent(lTime: 10, node: "n1"))
        #expect(state.queued(.intents) == [join])
        state.mergeRemoteState(message[...], isJoin: false, now: .zero)
        #expect(state.queued(.intents).isEmpty)
        state.phase = .leaving
        record.statusTimes.entries = [.init(name: "n1", lTime: 20)]
        let later = SerfMessageType.pushPull.encode(record)
        state.mergeRemoteState(later[...], isJoin: false, now: .zero)
        #expect(state.queued(.intents).isEmpty)
    }

    @Test func clocksAreWitnessedBelowTheOthers() {
        var record = PushPullRecord()
        record.lTime = 10
        record.eventLTime = 20
        record.queryLTime = 0
        var state = SerfState.fixture()
        let message = SerfMessageType.pushPull.encode(record)
        state.mergeRemoteState(message[...], isJoin: false, now: .zero)
        #expect(state.clock.time == 10)
        #expect(state.eventClock.time == 20)
        #expect(state.queryClock.time == 1)
    }

    @Test func badStatesAreLogged() {
        var state = SerfState.fixture()
        state.mergeRemoteState([], isJoin: false, now: .zero)
        state.mergeRemoteState([1, 0x80], isJoin: false, now: .zero)
        state.mergeRemoteState([2, 0x91], isJoin: false, now: .zero)
        let notes = state.notes()
        #expect(notes.count == 3)
        #expect(notes[0] == "serf: Remote state is zero bytes")
        #expect(notes[1] == "serf: Remote state has bad type prefix: 1")
        #expect(notes[2].hasPrefix("serf: Failed to decode remote state: "))
    }

    @Test func membersAreInTheOrderOfTheirNames() {
        var table = MemberTable()
        var random = SeededRandom(seed: 1)
        var names = Set<String>()
        for _ in 0..<300 {
            let name = "n\(Int.random(in: 0..<100, using: &random))"
            let revision = table.revision
            if Bool.random(using: &random) {
                let status: SerfMember.Status =
                    [.alive, .failed, .left, .leaving].randomElement(using: &random)!
                let member = SerfMember(
                    name: name, address: SerfPool.address(1), status: status)
                table.set(MemberEntry(member: member, meta: []))
                names.insert(name)
                #expect(table.revision != revision)
            } else {
                #expect((table.remove(name) != nil) == (names.remove(name) != nil))
            }
            #expect(table.names == names.sorted())
            let members = table.members
            #expect(members.map(\.name) == table.names)
            #expect(table.aliveCount == members.count { $0.status == .alive })
            #expect(
                table.failed.names.sorted()
                    == members.filter { $0.status == .failed }.map(\.name))
            #expect(
                table.left.names.sorted() == members.filter { $0.status == .left }.map(\.name))
        }
    }
}
