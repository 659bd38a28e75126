/// Expands LZW: the reverse of `LZWCompressor`, within a bound.
enum LZWExpander {
    /// - Parameter limit: the largest accepted number of bytes of output.
    /// - Throws: for a code that is not assigned, for input without an end code, and for output
    ///   beyond the limit.
    static func expand(
        _ input: ArraySlice<UInt8>, limit: Int
    ) throws(CodecFault) -> [UInt8] {
        var state = State(limit: limit, inputCount: input.count)
        try state.run(input)
        return Array(state.output.prefix(state.used))
    }

    /// A part of the output. The text of a new code is that of the code before it and the byte
    /// after that, which follow each other in the output: no text is stored twice.
    private struct Text {
        var start = 0
        var count = 0
    }

    private struct State {
        let limit: Int
        /// The bytes from `used` on are free.
        var output: [UInt8]
        var used = 0
        var texts = [Text](repeating: Text(), count: LZW.codesMax)
        var width = LZW.widthMin
        /// The code that the next code of the input assigns.
        var next = LZW.endCode
        var overflow: UInt32 = 1 << LZW.widthMin
        /// The text of the previous code; nil after a clear code, and while the table is full.
        var last: Text?

        init(limit: Int, inputCount: Int) {
            self.limit = limit
            output = [UInt8](repeating: 0, count: min(limit, inputCount * 4) + 1)
        }

        mutating func run(_ input: ArraySlice<UInt8>) throws(CodecFault) {
            var bits: UInt32 = 0
            var bitCount: UInt32 = 0
            var rest = input.makeIterator()
            while true {
                while bitCount < width {
                    guard let byte = rest.next() else { throw CodecFault("unexpected EOF") }
                    bits |= UInt32(byte) << bitCount
                    bitCount += 8
                }
                let code = bits & (1 << width - 1)
                bits >>= width
                bitCount -= width
                switch code {
                case LZW.endCode: return
                case LZW.clearCode:
                    width = LZW.widthMin
                    next = LZW.endCode
                    overflow = 1 << LZW.widthMin
                    last = nil
                default: try take(code)
                }
            }
        }

        private mutating func take(_ code: UInt32) throws(CodecFault) {
            let start = used
            if code < LZW.clearCode {
                try makeRoom(1)
                output[used] = UInt8(code)
                used += 1
            } else if code == next, let last {
                // The text of the code before, and its first byte again.
                try copy(last)
                try copy(Text(start: start, count: 1))
            } else if code <= next {
                // The last code of a full table equals `next`.
                try copy(texts[Int(code)])
            } else {
                throw CodecFault("lzw: invalid code")
            }
            if let last { texts[Int(next)] = Text(start: last.start, count: last.count + 1) }
            last = Text(start: start, count: used - start)
            next += 1
            guard next >= overflow else { return }
            if width == LZW.widthMax {
                // The table is full: codes are only read until the next clear code.
                last = nil
                next -= 1
            } else {
                width += 1
                overflow <<= 1
            }
        }

        private mutating func makeRoom(_ count: Int) throws(CodecFault) {
            if used + count > limit { throw CodecFault("lzw: more than \(limit) bytes") }
            guard used + count > output.count else { return }
            let more = max(count, min(output.count, limit - output.count))
            var grown = [UInt8](repeating: 0, count: output.count + more)
            grown.withUnsafeMutableBufferPointer { grown in
                output.withUnsafeBufferPointer { output in
                    guard let from = output.baseAddress else { return }
                    grown.baseAddress?.update(from: from, count: used)
                }
            }
            output = grown
        }

        /// Appends a part of the output to it.
        private mutating func copy(_ text: Text) throws(CodecFault) {
            try makeRoom(text.count)
            output.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return }
                (base + used).update(from: base + text.start, count: text.count)
            }
            used += text.count
        }
    }
}
