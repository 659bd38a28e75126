import Foundation
import Primitives
import Raft
import RaftKit
import TestKit
import Testing

@testable import RaftNode

/// Three servers in one process, over a network that may lose and delay.
@Suite(.serialized) struct GroupTests {
    private let network = Network()
    private let names = ["a", "b", "c"]

    private func group(
        on folders: [Folder] = [], options: RaftOptions = Member.options()
    ) throws -> [Member] {
        let members = try names.enumerated().map { slot, name in
            try Member(
                name, in: folders.isEmpty ? nil : folders[slot], network: network,
                options: options)
        }
        for member in members { member.start(bootstrap: names) }
        return members
    }

    /// Returns the server that leads, and may be read.
    private func leader(_ members: [Member]) async throws -> Member {
        var found: Member?
        try await eventually("somebody leads") {
            for member in members where member.node.status.role == .leader {
                if case .success = await member.read(.quorum) {
                    found = member
                    return true
                }
            }
            return false
        }
        return try #require(found)
    }

    /// Writes in spite of changes of leadership. A refused command may be written twice.
    private func write(_ texts: [String], to members: [Member]) async throws {
        for text in texts {
            try await eventually("\(text) is written") {
                if case .success = await (try leader(members)).propose(text) { return true }
                return false
            }
        }
    }

    private func agree(_ members: [Member]) async throws {
        try await eventually("all have the same state") {
            Set(members.map(\.machine.items)).count == 1
        }
        #expect(members.allSatisfy { !$0.machine.isOutOfOrder })
    }

    private func stop(_ members: [Member]) async {
        for member in members { await member.stop() }
    }

    @Test(arguments: [0, 10])
    func allServersApplyTheSameCommands(lost: UInt64) async throws {
        let members = try group()
        network.lose(ofHundred: lost)
        try await write((0..<60).map { "w\($0)" }, to: members)
        network.lose(ofHundred: 0)
        try await agree(members)
        #expect(Set(members[0].machine.texts).count == 60)
        await stop(members)
    }

    @Test func anotherServerLeadsAfterTheLeaderStops() async throws {
        let folders = try names.map { _ in try Folder() }
        var members = try group(on: folders)
        try await write(["one", "two"], to: members)
        let old = try await leader(members)
        await old.stop()
        members.removeAll { $0 === old }
        try await write(["three"], to: members)
        try await agree(members)
        // It returns, receives the missed entries, and changes nothing.
        let slot = try #require(names.firstIndex(of: old.id))
        let again = try Member(old.id, in: try folders[slot].copy(), network: network)
        again.start(bootstrap: names)
        members.append(again)
        try await agree(members)
        #expect(again.machine.texts.contains("three"))
        await stop(members)
    }

    @Test func partitionedLeaderStepsDownAndRefusesReads() async throws {
        let members = try group()
        try await write(["one"], to: members)
        let old = try await leader(members)
        network.cutOff(old.id)
        let context = TextContext()
        async let lost = old.propose("lost", context: context)
        let others = members.filter { $0 !== old }
        try await write(["two"], to: others)
        guard case .failure = await lost else {
            Issue.record("a write was acknowledged without a majority")
            return
        }
        try await eventually("it knows that it leads no more") {
            old.node.status.role != .leader
        }
        guard case .failure = await old.read(.lease) else {
            Issue.record("it served a read")
            return
        }
        network.cutOff()
        try await write(["three"], to: members)
        try await agree(members)
        #expect(!members[0].machine.texts.contains("lost"))
        // Its index belongs to another entry now, which has no context.
        #expect(context.results == [])
        #expect(members.allSatisfy { $0.machine.contexts == 0 })
        await stop(members)
    }

    @Test(arguments: [false, true])
    func laggingServerReceivesASnapshot(onDisk: Bool) async throws {
        let folders = onDisk ? try names.map { _ in try Folder() } : []
        let options = Member.options {
            $0.snapshotThreshold = 30
            $0.snapshotInterval = .milliseconds(5)
            $0.trailingLogs = 5
        }
        let members = try group(on: folders, options: options)
        try await write(["one"], to: members)
        try await agree(members)
        let first = try await leader(members)
        let behind = try #require(members.first { $0 !== first })
        network.cutOff(behind.id)
        let others = members.filter { $0 !== behind }
        try await write((0..<120).map { "w\($0)" }, to: others)
        try await eventually("a snapshot is taken") {
            others.allSatisfy { $0.node.status.snapshotIndex > 60 }
        }
        // The first try is cut off on its way.
        network.cutSnapshots(1)
        network.cutOff()
        try await agree(members)
        #expect(behind.machine.restores > 0)
        try await write(["after"], to: members)
        try await agree(members)
        await stop(members)
        if onDisk {
            let slot = try #require(names.firstIndex(of: behind.id))
            let again = try Member(behind.id, in: try folders[slot].copy(), options: options)
            #expect(again.machine.restores == 1)
            await again.stop()
        }
    }

    @Test func theGroupChangesOneByOne() async throws {
        var members = try group()
        try await write(["one"], to: members)
        let fourth = try Member("d", network: network)
        fourth.start()
        let lead = try await leader(members)
        _ = try await lead.change(.addNonvoter(id: "d", address: "d:8300")).get()
        members.append(fourth)
        try await agree(members)
        _ = try await lead.change(.promote(id: "d")).get()
        let gone = try #require(members.first { $0 !== lead && $0 !== fourth })
        _ = try await lead.change(.remove(id: gone.id)).get()
        members.removeAll { $0 === gone }
        await gone.stop()
        try await write(["two"], to: members)
        try await agree(members)
        #expect(fourth.node.status.configuration.isVoter("d"))
        #expect(fourth.node.status.configuration[gone.id] == nil)
        await stop(members)
    }

    @Test func leadershipIsHandedOver() async throws {
        let members = try group()
        try await write(["one"], to: members)
        let old = try await leader(members)
        let next = try #require(members.first { $0 !== old })
        _ = try await old.transfer(to: next.id).get()
        try await eventually("\(next.id) leads") { next.node.status.role == .leader }
        try await next.leads()
        try await next.writeAll(["two"])
        try await agree(members)
        await stop(members)
    }
}
