import ConsulModel
import LocalAgent
import Synchronization
import Testing

@Suite struct UserEventBufferTests {
    private func event(_ number: Int, _ name: String = "deploy") -> UserEvent {
        var event = UserEvent()
        let digits = String(number, radix: 16)
        let pad = String(repeating: "0", count: 12 - digits.count)
        event.id = "00000000-0000-0000-0000-\(pad)\(digits)"
        event.name = name
        return event
    }

    /// The IDs' last digits of each answer.
    private final class Answers: Sendable {
        private let all = Mutex<[(ids: [String], index: UInt64)]>([])
        func take(_ events: [UserEvent], _ index: UInt64) {
            all.withLock { $0.append((events.map { String($0.id.suffix(1)) }, index)) }
        }
        var ids: [[String]] { all.withLock { $0.map { $0.ids } } }
        var indexes: [UInt64] { all.withLock { $0.map { $0.index } } }
    }

    @Test func indexIsTheNewestEventsIDMixed() {
        var event = UserEvent()
        event.id = "b54fe110-7af5-cafc-d1fb-afc8ba432b1c"
        let halves: [UInt64] = [0xb54f_e110_7af5_cafc, 0xd1fb_afc8_ba43_2b1c]
        #expect(UserEventBuffer.index(of: [event]) == halves[0] ^ halves[1])
        #expect(UserEventBuffer.index(of: []) == 1)
    }

    @Test func readWithoutAnIndexIsAnsweredAtOnce() {
        let (buffer, answers) = (UserEventBuffer(), Answers())
        #expect(buffer.read(named: "", after: 0, reply: answers.take) == nil)
        buffer.append(event(1))
        #expect(buffer.read(named: "", after: 0, reply: answers.take) == nil)
        #expect(answers.ids == [[], ["1"]])
        #expect(answers.indexes == [1, 1])
    }

    @Test func readWaitsForTheNextEventOfItsName() {
        let (buffer, answers) = (UserEventBuffer(), Answers())
        buffer.append(event(5))
        let pending = buffer.read(named: "deploy", after: 5, reply: answers.take)
        #expect(pending != nil)
        buffer.append(event(6, "other"))
        #expect(answers.ids.isEmpty)
        buffer.append(event(7))
        #expect(answers.ids == [["5", "7"]])
        buffer.append(event(8))
        pending?.cancel()
        #expect(answers.ids.count == 1)
    }

    @Test func cancelledReadReturnsThePresentEvents() {
        let (buffer, answers) = (UserEventBuffer(), Answers())
        buffer.append(event(5))
        let pending = buffer.read(named: "", after: 5, reply: answers.take)
        pending?.cancel()
        pending?.cancel()
        #expect(answers.ids == [["5"]])
    }

    @Test func oldestEventIsEvicted() {
        let buffer = UserEventBuffer()
        for number in 1...Limits.userEventsMax + 3 { buffer.append(event(number)) }
        let events = buffer.events(named: "")
        #expect(events.count == Limits.userEventsMax)
        #expect(events.first == event(4))
    }
}
