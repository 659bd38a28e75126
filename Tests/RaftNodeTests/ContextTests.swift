import Raft
import TestKit
import Testing

@testable import RaftNode

/// A ticket accompanies the entry of the leader that proposed it, receives one result, and is
/// released with the answer.
@Suite(.serialized) struct TicketTests {
    /// Read after its writer ended.
    private final class Held: @unchecked Sendable {
        weak var ticket: TextTicket?
        init(_ ticket: TextTicket) { self.ticket = ticket }
    }

    @Test(arguments: [false, true])
    func ticketReceivesItsOwnResult(onDisk: Bool) async throws {
        let folder = onDisk ? try Folder() : nil
        let member = try await Member.alone(in: folder)
        // On a disk they gather, and reach the state machine in large batches.
        let count = onDisk ? 4_000 : 200
        let held = try await withThrowingTaskGroup(of: (Held, [String]).self) { group in
            for number in 0..<count {
                group.addTask {
                    let ticket = TextTicket()
                    // Barriers between them are no entries for the state machine.
                    if number % 10 == 0 { _ = await member.barrier() }
                    _ = try await member.propose("w\(number)", ticket: ticket).get()
                    let results = ticket.results
                    #expect(results == ["w\(number)"])
                    return (Held(ticket), results)
                }
            }
            var all: [Held] = []
            for try await (held, _) in group { all.append(held) }
            return all
        }
        #expect(member.machine.tickets == count)
        try await eventually("all tickets are released") {
            held.allSatisfy { $0.ticket == nil }
        }
        await member.stop()
        guard let folder else { return }
        let again = try await Member.alone(in: folder.copy())
        #expect(again.machine.texts.count == count)
        #expect(again.machine.tickets == 0)
        await again.stop()
    }

    /// The chunks of a command that is proposed as several entries share one ticket.
    @Test func theLastEntryHasTheTicket() async throws {
        let member = try await Member.alone()
        let ticket = TextTicket()
        let writes = ["a", "b", "c"].map { RaftNode.Write(Array($0.utf8)) }
        await withCheckedContinuation { continuation in
            member.node.propose(writes, ticket: ticket) { _ in continuation.resume() }
        }
        #expect(ticket.results == ["c"])
        #expect(member.machine.tickets == 1)
        await member.stop()
    }

    @Test func aRefusedProposalReleasesIt() async throws {
        let member = try Member()
        member.start()
        let held = await refused(member, "x")
        #expect(held.ticket == nil)
        await member.stop()
    }

    private func refused(_ member: Member, _ text: String) async -> Held {
        let ticket = TextTicket()
        guard case .failure = await member.propose(text, ticket: ticket) else {
            Issue.record("\(text) was acknowledged")
            return Held(ticket)
        }
        #expect(ticket.results == [])
        return Held(ticket)
    }
}
