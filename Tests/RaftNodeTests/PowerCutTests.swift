import Foundation
import Primitives
import Raft
import Synchronization
import Testing

@testable import RaftNode

/// The power is cut at any moment, under load, with a disk that keeps any part of the unsynced
/// bytes.
@Suite(.serialized) struct PowerCutTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["BADDAYS"] == "long" ? 400 : 25

    /// The texts that their writers saw acknowledged.
    private final class AcknowledgedTexts: Sendable {
        let texts = Mutex<[String]>([])
        let isOver = Mutex(false)
    }

    @Test func acknowledgedWritesSurviveAPowerCut() async throws {
        LosingFiles.register
        let options = Member.options {
            $0.snapshotThreshold = 60
            $0.snapshotInterval = .milliseconds(5)
            $0.trailingLogs = 20
        }
        var random = SystemRandomNumberGenerator()
        var folder = try Folder()
        var known: Set<String> = []
        var lastIndex: LogIndex = 0
        var count = 0
        for round in 0..<Self.rounds {
            if round % 25 == 0 {  // or the state would take most of the time
                (folder, known, lastIndex) = (try Folder(), [], 0)
            }
            let member = try Member(in: folder, options: options, vfs: LosingFiles.name)
            member.start(bootstrap: ["a"])
            try await member.leads()
            let texts = member.machine.texts
            let served = Set(texts)
            #expect(known.isSubset(of: served), "round \(round): \(known.subtracting(served))")
            #expect(served.count == texts.count && !member.machine.isOutOfOrder)
            #expect(member.node.status.lastIndex > lastIndex)
            known = served
            let acknowledged = AcknowledgedTexts()
            let moment = UInt64.random(in: 1_000_000...60_000_000, using: &random)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for writer in 0..<6 {
                    tasks.addTask {
                        var number = 0
                        while !acknowledged.isOver.withLock({ $0 }) {
                            let text = "\(round)-\(writer)-\(number)"
                            if case .success = await member.propose(text) {
                                acknowledged.texts.withLock { $0.append(text) }
                            }
                            number += 1
                        }
                    }
                }
                defer { acknowledged.isOver.withLock { $0 = true } }
                try await Task.sleep(nanoseconds: moment)
                let texts = acknowledged.texts.withLock { $0 }
                known.formUnion(texts)
                count += texts.count
                lastIndex = member.machine.items.last?.index ?? 0
                // All texts recorded by now were acknowledged before the cut.
                folder = try LosingFiles.cut(folder, random: &random)
                acknowledged.isOver.withLock { $0 = true }
                try await tasks.waitForAll()
            }
            await member.stop()
        }
        print("\(Self.rounds) power cuts, \(count) acknowledged writes, none lost")
        #expect(count > Self.rounds)
    }
}
