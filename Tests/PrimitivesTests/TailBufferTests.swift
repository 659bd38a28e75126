import Primitives
import Testing

@Suite struct TailBufferTests {
    @Test func keepsShortTextWhole() {
        var tail = TailBuffer(limit: 8)
        tail.append("abc".utf8)
        #expect(tail.text == "abc")
    }

    /// Compares blocks of every size with a plain array, around the ring's seam.
    @Test func keepsTheSameAsAnArrayDoes() {
        for limit in 1...9 {
            var tail = TailBuffer(limit: limit)
            var all: [UInt8] = []
            for size in [0, 1, 2, 7, 3, limit, limit + 1, 5, 2 * limit, 1, 1] {
                let block = (0..<size).map { UInt8(truncatingIfNeeded: all.count + $0) }
                all += block
                tail.append(block)
                #expect(tail.bytes == Array(all.suffix(limit)))
                #expect(tail.total == all.count)
            }
        }
    }

    @Test func keepsTheEndOfAFloodAndSaysSo() {
        var tail = TailBuffer(limit: 4)
        for _ in 0..<1000 { tail.append("0123456789".utf8) }
        tail.append("xy".utf8)
        #expect(tail.text == "Captured 4 of 10002 bytes\n...\n89xy")
    }
}
