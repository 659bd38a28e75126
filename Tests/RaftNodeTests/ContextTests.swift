import Raft
import TestKit
import Testing

@testable import RaftNode

/// A context accompanies the entry of the leader that proposed it, receives one result, and is
/// released with the answer.
@Suite(.serialized) struct ContextTests {
    /// Read after its writer ended.
    private final class Held: @unchecked Sendable {
        weak var context: TextContext?
        init(_ context: TextContext) { self.context = context }
    }

    @Test(arguments: [false, true])
    func contextReceivesItsOwnResult(onDisk: Bool) async throws {
        let folder = onDisk ? try Folder() : nil
        let member = try await Member.alone(in: folder)
        // On a disk they gather, and reach the state machine in large batches.
        let count = onDisk ? 4_000 : 200
        let held = try await withThrowingTaskGroup(of: (Held, [String]).self) { group in
            for number in 0..<count {
                group.addTask {
                    let context = TextContext()
                    // Barriers between them are no entries for the state machine.
                    if number % 10 == 0 { _ = await member.barrier() }
                    _ = try await member.propose("w\(number)", context: context).get()
                    let results = context.results
                    #expect(results == ["w\(number)"])
                    return (Held(context), results)
                }
            }
            var all: [Held] = []
            for try await (held, _) in group { all.append(held) }
            return all
        }
        #expect(member.machine.contexts == count)
        try await eventually("all contexts are released") {
            held.allSatisfy { $0.context == nil }
        }
        await member.stop()
        guard let folder else { return }
        let again = try await Member.alone(in: folder.copy())
        #expect(again.machine.texts.count == count)
        #expect(again.machine.contexts == 0)
        await again.stop()
    }

    /// The chunks of a command that is proposed as several entries share one context.
    @Test func theLastEntryHasTheContext() async throws {
        let member = try await Member.alone()
        let context = TextContext()
        let writes = ["a", "b", "c"].map { RaftNode.Write(Array($0.utf8)) }
        await withCheckedContinuation { continuation in
            member.node.propose(writes, context: context) { _ in continuation.resume() }
        }
        #expect(context.results == ["c"])
        #expect(member.machine.contexts == 1)
        await member.stop()
    }

    @Test func aRefusedProposalReleasesIt() async throws {
        let member = try Member()
        member.start()
        let held = await refused(member, "x")
        #expect(held.context == nil)
        await member.stop()
    }

    private func refused(_ member: Member, _ text: String) async -> Held {
        let context = TextContext()
        guard case .failure = await member.propose(text, context: context) else {
            Issue.record("\(text) was acknowledged")
            return Held(context)
        }
        #expect(context.results == [])
        return Held(context)
    }
}
