import CSQLite
import Foundation
import Primitives
import Raft
import RaftKit
import Synchronization
import TestKit
import Testing

@testable import RaftNode

/// A single server, in memory and on the disk.
@Suite(.serialized) struct NodeTests {
    @Test(arguments: [false, true])
    func writesAreCarriedOutInOrderBeforeTheyAreAnswered(onDisk: Bool) async throws {
        let folder = try Folder()
        let member = try await Member.alone(in: onDisk ? folder : nil)
        let done = await withTaskGroup(of: (String, LogIndex).self) { tasks in
            for number in 0..<500 {
                tasks.addTask {
                    guard case .success(let index) = await member.propose("w\(number)") else {
                        return ("", 0)
                    }
                    // The state has it by the time of the answer.
                    let has = member.machine.items.contains { $0.index == index }
                    return (has ? "w\(number)" : "too early", index)
                }
            }
            return await tasks.reduce(into: [:]) { $0[$1.1] = $1.0 }
        }
        #expect(done.count == 500)
        #expect(member.machine.items.count == 500 && !member.machine.isOutOfOrder)
        for item in member.machine.items { #expect(done[item.index] == item.text) }
        let last = try #require(member.machine.items.last).index
        #expect(try await member.barrier().get() > last)
        #expect(try await member.read(.lease).get() >= last)
        #expect(try await member.read(.quorum).get() >= last)
        #expect(member.node.status.leader?.id == "a")
        await member.stop()
    }

    @Test func impossibleRequestsAreRefused() async throws {
        let member = try Member()
        member.start()
        #expect(await member.propose("x") == .failure(.notLeader(nil)))
        #expect(await member.read(.lease) == .failure(.notLeader(nil)))
        #expect(await member.bootstrap(["b"]) == .failure(.refused(.notAVoter("a"))))
        _ = try await member.bootstrap(["a"]).get()
        try await member.leads()
        #expect(await member.bootstrap(["a"]) == .failure(.refused(.alreadyBootstrapped)))
        #expect(await member.change(.remove(id: "z")) == .failure(.refused(.noSuchServer("z"))))
        #expect(await member.change(.remove(id: "a")) == .failure(.refused(.noVoterLeft)))
        let tooMany = [RaftNode.Write](
            repeating: .init([1]), count: Limits.proposalsWaitingMax + 1)
        let answer = await withCheckedContinuation { continuation in
            member.node.propose(tooMany) { continuation.resume(returning: $0) }
        }
        #expect(answer == .failure(.tooMany))
        await member.stop()
        let over = Member.Answer.failure(.stopped("the server is shutting down"))
        #expect(await member.propose("y") == over)
        #expect(await member.read(.quorum) == over)
        #expect(member.machine.texts.isEmpty)
    }

    @Test func stopAnswersAllPendingRequests() async throws {
        let folder = try Folder()
        let member = try await Member.alone(in: folder)
        let answers = await withTaskGroup(of: Member.Answer.self) { tasks in
            for number in 0..<200 { tasks.addTask { await member.propose("w\(number)") } }
            tasks.addTask {
                await member.stop()
                return .success(0)
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 201)
    }

    @Test(arguments: [false, true])
    func aRestartKeepsEverything(afterACrash: Bool) async throws {
        var folder = try Folder()
        let first = try await Member.alone(in: folder)
        try await first.writeAll((0..<50).map { "w\($0)" })
        let (items, term) = (first.machine.items, first.node.status.term)
        if afterACrash { folder = try folder.copy() }
        await first.stop()
        let second = try await reopened(folder)
        #expect(second.machine.items == items)
        #expect(second.node.status.term > term)
        #expect(try await second.propose("more").get() > items.last?.index ?? 0)
        #expect(second.machine.texts.last == "more")
        await second.stop()
    }

    @Test func snapshotsReplaceTheLog() async throws {
        let folder = try Folder()
        let options = Member.options {
            $0.snapshotThreshold = 40
            $0.snapshotInterval = .milliseconds(5)
            $0.trailingLogs = 10
        }
        let first = try await Member.alone(in: folder, options: options)
        for round in 0..<6 {
            let before = first.node.status.snapshotIndex
            try await first.writeAll((0..<50).map { "r\(round)-\($0)" })
            try await eventually("a snapshot is taken") {
                first.node.status.snapshotIndex > before
            }
        }
        let names = try FileManager.default.contentsOfDirectory(
            atPath: "\(folder.path)/snapshots")
        #expect(names.filter { !$0.hasSuffix(".tmp") }.count <= Limits.snapshotsKept + 1)
        let items = first.machine.items
        await first.stop()
        let second = try await reopened(folder, options: options)
        #expect(second.machine.restores == 1)
        #expect(second.machine.items == items && !second.machine.isOutOfOrder)
        await second.stop()
        // The log begins after the snapshots: without them nothing may be served.
        let without = try folder.copy()
        try without.remove("snapshots")
        #expect {
            _ = try Member(in: without)
        } throws: { error in
            "\(error)".contains("/snapshots is damaged at the newest snapshot")
        }
    }

    @Test func emptyLogWithoutItsSnapshotIsALoss() throws {
        let folder = try Folder()
        var store: SQLiteLogStore? = try SQLiteLogStore(directory: folder.path)
        try store?.write(
            hardState: HardState(term: 1), truncateFrom: nil, entries: entries(1...5))
        try store?.reset(after: 9)
        try store?.close()
        store = nil
        #expect {
            _ = try Member(in: folder)
        } throws: { error in
            "\(error)".contains("the log begins at entry 10, and no whole snapshot reaches")
        }
    }

    /// A majority is lost permanently, and one server continues alone.
    @Test func aPeersFileSetsTheGroup() async throws {
        let network = Network()
        let names = ["a", "b", "c"]
        let folders = try names.map { _ in try Folder() }
        let members = try zip(names, folders).map {
            try Member($0, in: $1, network: network)
        }
        for member in members { member.start(bootstrap: names) }
        try await eventually("it is written") {
            for member in members {
                if case .success = await member.propose("one") { return true }
            }
            return false
        }
        try await eventually("all have it") {
            members.allSatisfy { $0.machine.texts.contains("one") }
        }
        for member in members { await member.stop() }

        let folder = try folders[1].copy()
        for (text, reason) in [
            ("[]", "it names no voter"), ("{", "peers.json"),
            (#"[{"id": "b", "address": ""}]"#, "a server needs an id and an address"),
            (#"[{"id": "b", "address": "x"}, {"id": "b", "address": "y"}]"#, "occurs twice"),
        ] {
            try folder.write("peers.json", Array(text.utf8))
            #expect {
                _ = try Member("b", in: try folder.copy())
            } throws: { "\($0)".contains(reason) }
        }
        try folder.write("peers.json", Array(#"[{"id": "b", "address": "b:8300"}]"#.utf8))
        // A crash before the file is removed repeats it.
        let interrupted = try folder.copy()
        for place in [folder, interrupted] {
            let member = try Member("b", in: place)
            member.start()
            try await member.leads()
            #expect(member.machine.texts == ["one"])
            #expect(member.node.status.configuration.servers.map(\.id) == ["b"])
            try await member.writeAll(["two"])
            await member.stop()
            #expect(!FileManager.default.fileExists(atPath: "\(place.path)/peers.json"))
            #expect(FileManager.default.fileExists(atPath: "\(place.path)/peers.info"))
        }
        try folder.write("peers.json", Array(#"[{"id": "b", "address": "b:8300"}]"#.utf8))
        let again = try Member("b", in: try folder.copy())
        again.start()
        try await again.leads()
        #expect(again.machine.texts == ["one", "two"])
        await again.stop()
        #expect {
            let empty = try Folder()
            try FileManager.default.createDirectory(
                atPath: empty.path, withIntermediateDirectories: true)
            try empty.write("peers.json", Array(#"[{"id": "b", "address": "b:8300"}]"#.utf8))
            _ = try Member("b", in: empty)
        } throws: { "\($0)".contains("peers.json: this server holds nothing to recover from") }
    }

    @Test func failingStateMachineStopsTheNode() async throws {
        let member = try await Member.alone()
        try await member.writeAll(["one"])
        guard case .failure(.stopped) = await member.propose("poison") else {
            Issue.record("poison was taken")
            return
        }
        #expect(member.stops.count == 1)
        #expect(member.node.status.stopped != nil)
        guard case .failure(.stopped) = await member.propose("two") else {
            Issue.record("a stopped node takes writes")
            return
        }
        #expect(member.machine.texts == ["one"])
        await member.stop()
    }

    func reopened(
        _ folder: Folder, options: RaftOptions = Member.options()
    ) async throws -> Member {
        // The lock of the old one goes with its last reference.
        let found = try Member(in: folder.copy(), options: options)
        found.start()
        try await found.leads()
        return found
    }
}

/// A server whose disk fails.
@Suite(.serialized) struct NodeDiskTests {
    private func faulty(_ folder: Folder, disk: Disk = Disk()) throws -> Member {
        FaultyFiles.register
        let options = Member.options {
            $0.snapshotThreshold = 5
            $0.snapshotInterval = .milliseconds(1)
            $0.trailingLogs = 2
        }
        return try Member(in: folder, options: options, vfs: FaultyFiles.name, disk: disk)
    }

    /// Returns the state that a start on the folder serves now.
    private func served(_ folder: Folder) async throws -> ListMachine {
        let member = try Member(in: folder)
        member.start(bootstrap: ["a"])
        try await member.leads()
        await member.stop()
        return member.machine
    }

    @Test func fullDiskRefusesWritesUntilThereIsRoom() async throws {
        let folder = try Folder()
        FaultyFiles.use(.max)
        let member = try faulty(folder)
        member.start(bootstrap: ["a"])
        try await member.leads()
        try await member.writeAll(["one", "two"])
        FaultyFiles.use(0, code: SQLITE_FULL)
        let answer = await member.propose("three")
        guard case .failure(.stopped(let reason)) = answer else {
            FaultyFiles.use(.max)
            Issue.record("a full disk answered \(answer)")
            return
        }
        #expect(reason.contains("the disk is full: \(folder.path)/log.sqlite"))
        #expect(member.node.status.stopped == nil)
        FaultyFiles.use(.max)
        try await member.leads()
        try await member.writeAll(["four"])
        #expect(member.machine.texts == ["one", "two", "four"])
        #expect(!member.machine.isOutOfOrder)
        await member.stop()
        #expect(try await served(try folder.copy()).texts == ["one", "two", "four"])
    }

    @Test func anyOtherFailureStopsTheNodePermanently() async throws {
        let folder = try Folder()
        FaultyFiles.use(.max)
        let member = try faulty(folder)
        member.start(bootstrap: ["a"])
        try await member.leads()
        try await member.writeAll(["one"])
        FaultyFiles.use(0)
        guard case .failure(.stopped) = await member.propose("two") else {
            FaultyFiles.use(.max)
            Issue.record("a broken disk took a write")
            return
        }
        FaultyFiles.use(.max)
        guard case .failure(.stopped) = await member.propose("three") else {
            Issue.record("a stopped node takes writes")
            return
        }
        #expect(member.stops.count == 1)
        await member.stop()
        let texts = try await served(try folder.copy()).texts
        #expect(texts == ["one"] || texts == ["one", "two"])
    }

    /// Operation 1, 2, 3 … of the store fails, and all later ones, until none does.
    @Test(arguments: [IOFault.write, SQLITE_FULL])
    func everyAcknowledgedWriteSurvivesAFailureAnywhere(code: Int32) async throws {
        var failing = 0
        var isWhole = false
        while !isWhole, failing < 400 {
            let folder = try Folder()
            FaultyFiles.use(failing, code: code)
            let disk = Disk { _ in FaultyFiles.fails() ? (code == SQLITE_FULL ? 28 : 5) : 0 }
            var acknowledged: [String] = []
            var member: Member?
            do { member = try faulty(folder, disk: disk) } catch {}
            if let member {
                member.start(bootstrap: ["a"])
                for number in 0..<12 {
                    let text = "w\(number)"
                    var answer = await member.propose(text)
                    // Until the first election it is refused.
                    for _ in 0..<200 where FaultyFiles.left.load(ordering: .relaxed) >= 0 {
                        guard case .failure(.notLeader) = answer else { break }
                        try await Task.sleep(nanoseconds: 1_000_000)
                        answer = await member.propose(text)
                    }
                    if case .success = answer { acknowledged.append(text) }
                }
                await member.stop()
            }
            isWhole = FaultyFiles.left.load(ordering: .relaxed) >= 0
            FaultyFiles.use(.max)
            let machine = try await served(try folder.copy())
            let served = machine.texts.filter { acknowledged.contains($0) }
            #expect(served == acknowledged, "operation \(failing)")
            #expect(Set(machine.texts).count == machine.texts.count, "operation \(failing)")
            failing += failing < 40 ? 1 : 3
        }
        #expect(isWhole && failing > 40)
    }
}
