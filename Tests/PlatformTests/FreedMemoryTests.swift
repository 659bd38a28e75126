import CPosix
import Glibc
import Testing

@testable import Platform

@Suite struct FreedMemoryTests {
    private func figures(_ used: Int, _ taken: Int, _ resident: Int) -> FreedMemory.Figures {
        FreedMemory.Figures(used: used << 20, taken: taken << 20, resident: resident << 20)
    }

    @Test func memoryIsReturnedOnceWhenAPeakIsOver() {
        var memory = FreedMemory()
        var due: [Bool] = []
        func look(_ used: Int, _ resident: Int) {
            due.append(memory.isDue(figures(used, 90, resident)))
        }
        look(5, 25)
        look(60, 118)  // in use
        look(6, 118)  // the peak is just over
        look(6, 118)
        memory.noteReturn(figures(6, 90, 32))
        look(6, 32)  // nothing has grown since
        look(50, 100)  // a second peak of the same height
        look(6, 100)
        look(6, 100)
        #expect(due == [false, false, false, true, false, false, false, true])
    }

    /// A block near the heap's end keeps all pages below it, until the pages are returned
    /// explicitly.
    @Test func freePagesInsideTheHeapAreReturned() {
        var blocks = (0..<65_536).map { _ in
            let block = malloc(1024)!
            memset(block, 1, 1024)
            return block
        }
        let last = blocks.removeLast()
        for block in blocks { free(block) }
        let before = FreedMemory.figures().resident
        cposix_return_freed_memory()
        let after = FreedMemory.figures().resident
        free(last)
        #expect(before - after > 32 << 20, "\(before) to \(after)")
    }
}
