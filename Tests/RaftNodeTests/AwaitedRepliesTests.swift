import Primitives
import Raft
import Synchronization
import Testing

@testable import RaftNode

/// A waiting request is found by its ticket, in any order, once.
@Suite struct AwaitedRepliesTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func waitingRequestIsFoundOnce(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var awaited = AwaitedReplies()
        var open: [Ticket] = []
        var next: Ticket = 1
        let answered = Mutex<[Ticket]>([])
        for _ in 0..<5000 {
            if open.isEmpty || UInt64.random(in: 0..<100, using: &random) < 52 {
                next += UInt64.random(in: 1...3, using: &random)
                let ticket = next
                awaited.append(
                    AwaitedReply(ticket: ticket) { _ in answered.withLock { $0.append(ticket) } })
                open.append(ticket)
            } else {
                let isFirst = UInt64.random(in: 0..<4, using: &random) > 0
                let slot = isFirst ? 0 : Int.random(in: open.indices, using: &random)
                let ticket = open.remove(at: slot)
                awaited.remove(ticket)?(.success(1))
                #expect(answered.withLock { $0.popLast() } == ticket)
                #expect(awaited.remove(ticket) == nil)
                #expect(awaited.remove(next + 1) == nil)
            }
        }
        for reply in awaited.removeAll() { reply(.success(1)) }
        #expect(answered.withLock { $0 } == open)
        #expect(open.allSatisfy { awaited.remove($0) == nil })
    }
}
