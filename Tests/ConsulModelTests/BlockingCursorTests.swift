import ConsulModel
import Primitives
import Testing

@Suite struct BlockingCursorTests {
    private let backOff = BackOff(.doubling, first: .seconds(1), max: .seconds(60))

    @Test func itAsksWithTheIndexOfTheLastAnswer() {
        var cursor = BlockingCursor<UInt64>(backOff)
        #expect(cursor.index == nil && cursor.minQueryIndex == 0)
        #expect(cursor.receive(7) == true)
        #expect(cursor.minQueryIndex == 7)
        // The query's wait timed out.
        #expect(cursor.receive(7) == false)
        #expect(cursor.receive(9) == true)
        #expect(cursor.minQueryIndex == 9)
    }

    @Test func anIndexThatWentBackIsNewAndUsed() {
        var cursor = BlockingCursor<UInt64>(backOff)
        _ = cursor.receive(9)
        #expect(cursor.receive(3) == true)
        #expect(cursor.minQueryIndex == 3)
    }

    @Test func anAnswerWithoutIndexDoesNotMakeTheNextQuerySpin() {
        var cursor = BlockingCursor<UInt64>(backOff)
        #expect(cursor.receive(0) == true)
        #expect(cursor.minQueryIndex == 1)
        #expect(cursor.receive(0) == false)
    }

    @Test func aFailureDropsTheIndexAndWaitsLongerEachTime() {
        var cursor = BlockingCursor<UInt64>(backOff)
        _ = cursor.receive(9)
        for seconds in [1, 2, 4, 8, 16, 32, 60] as [Int64] {
            #expect(cursor.fail() == .seconds(seconds))
        }
        #expect(cursor.minQueryIndex == 0 && cursor.failures == 7)
        // The index went back to an equal state: it is not new, and the waits begin anew.
        #expect(cursor.receive(9) == false)
        #expect(cursor.failures == 0)
        #expect(cursor.fail() == .seconds(1))
        #expect(cursor.receive(10) == true)
    }

    @Test func aKnownStateIsNotNew() {
        var cursor = BlockingCursor<UInt64>(backOff, after: 4)
        #expect(cursor.minQueryIndex == 4)
        #expect(cursor.receive(4) == false)
        #expect(cursor.receive(5) == true)
    }
}
