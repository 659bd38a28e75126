import Glibc
import Platform
import Primitives
import Testing

/// Runs fifty contenders for five locks, ours together with HashiCorp's, while some of them are
/// killed, stopped or cut off from the agent, waiting or holding. The children's lines must show
/// that the holders never exceeded the limit, and that every surviving contender has held the lock.
///
/// In the short form the sessions of the struck contenders are ended at once, and lock-delay alone
/// must cover the time until their children are dead; in the long form (`BADDAYS=long`) the
/// sessions expire by themselves, round after round, on HashiCorp's agent too.
@Suite(.serialized, .enabled(if: Program.isOursThere))
struct LockTortureTests {
    private static let isLong = getenv("BADDAYS").map { String(cString: $0) } == "long"
    private static let servers: [Program] =
        isLong && Program.isPeerThere ? [.ours, .theirs] : [.ours]

    /// Tests the checker itself: the faults that it must find, and the histories that it must
    /// accept.
    @Test func checkerDetectsTooManyHolders() {
        let begins = "begin a 1 5\nbegin shared-b 2 6\ntick a 1\nend shared-b 2\nend a 1\n"
        #expect(LockRecords(text: begins).crowds(limit: 1) == ["shared-b beside [\"a\"]"])
        #expect(LockRecords(text: begins).crowds(limit: 2).isEmpty)
        let killed = "begin a 1 7\ntick a 1\nbegin b 2 6\nbegin shared-c 3\n"
        let records = LockRecords(text: killed + "begin shared-d 4\ntick shared-c 3\n")
        #expect(records.crowds(limit: 1).isEmpty)
        #expect(records.fallingTokens == ["a has 7, b after it 6"])
        #expect(records.children.map { $0.hasEnded } == [false, false, false, false])
    }

    @Test(.timeLimit(.minutes(60)), arguments: Self.servers)
    func holdersNeverExceedTheLimit(server: Program) async throws {
        for round in 0..<(Self.isLong ? 6 : 1) {
            let agent = try await PeerAgent(server)
            let folder = try Scratch(server, "torture-\(server)-\(round)")
            let arenas = LockArena.Kind.allCases.enumerated().map { place, kind in
                LockArena(
                    kind: kind, fate: LockArena.Fate.allCases[(place + round) % 3], agent: agent,
                    folder: folder.path, endsSessions: !Self.isLong)
            }
            do {
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for arena in arenas { tasks.addTask { try await arena.run() } }
                    try await tasks.waitForAll()
                }
            } catch {
                await agent.stop()
                folder.remove()
                throw error
            }
            let turns = arenas.map { $0.check() }.reduce(0, +)
            print("\(server), round \(round): \(turns) children had a lock, none in a crowd")
            await agent.stop()
            folder.remove()
        }
    }
}
