/// Expands LZW: the reverse of `LZWCompressor`, within a bound.
enum LZWExpander {
    /// - Parameter limit: the largest accepted number of bytes of output.
    /// - Throws: for a code that is not assigned, for input without an end code, and for output
    ///   beyond the limit.
    static func expand(
        _ input: ArraySlice<UInt8>, limit: Int
    ) throws(CodecFault) -> [UInt8] {
        var state = State(limit: limit)
        try state.run(input)
        return state.output
    }

    private struct State {
        let limit: Int
        var output: [UInt8] = []
        /// The code of everything before the last byte, and the last byte, of each assigned code.
        var prefixes = [UInt16](repeating: 0, count: LZW.codesMax)
        var suffixes = [UInt8](repeating: 0, count: LZW.codesMax)
        var width = LZW.widthMin
        /// The code that the next code of the input assigns.
        var next = LZW.endCode
        var overflow: UInt32 = 1 << LZW.widthMin
        /// The previous code; nil after a clear code, and while the table is full.
        var last: UInt32?

        init(limit: Int) { self.limit = limit }

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
            let first: UInt8
            if code < LZW.clearCode {
                first = UInt8(code)
                output.append(first)
            } else if code == next, let last {
                // The text of the code before, and its first byte again.
                first = append(last)
                output.append(first)
            } else if code <= next {
                // The last code of a full table equals `next`.
                first = append(code)
            } else {
                throw CodecFault("lzw: invalid code")
            }
            if output.count > limit { throw CodecFault("lzw: more than \(limit) bytes") }
            if let last {
                prefixes[Int(next)] = UInt16(last)
                suffixes[Int(next)] = first
            }
            last = code
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

        /// Appends the text of an assigned code.
        ///
        /// - Returns: its first byte.
        private mutating func append(_ code: UInt32) -> UInt8 {
            let start = output.count
            var code = code
            // A prefix was assigned before its code, so the walk ends.
            while code >= LZW.clearCode {
                output.append(suffixes[Int(code)])
                code = UInt32(prefixes[Int(code)])
            }
            output.append(UInt8(code))
            output[start...].reverse()
            return UInt8(code)
        }
    }
}
