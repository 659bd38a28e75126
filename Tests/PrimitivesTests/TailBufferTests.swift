import Primitives
import Testing

@Suite struct TailBufferTests {
    @Test func keepsShortTextWhole() {
        var tail = TailBuffer(limit: 8)
        tail.append("abc".utf8)
        #expect(tail.text == "abc")
    }

    @Test func keepsTheEndOfAFloodAndSaysSo() {
        var tail = TailBuffer(limit: 4)
        for _ in 0..<1000 { tail.append("0123456789".utf8) }
        tail.append("xy".utf8)
        #expect(tail.text == "Captured 4 of 10002 bytes\n...\n89xy")
    }
}
