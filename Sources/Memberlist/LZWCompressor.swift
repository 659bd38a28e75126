/// Compresses with LZW as Go's `compress/lzw` does: least significant bit first, 8-bit literals,
/// codes of 9 to 12 bits. The output equals that of Go 1.15, with which HashiCorp built Consul 1.8,
/// byte for byte: newer versions of Go write a clear code first.
enum LZWCompressor {
    /// - Parameter limit: the largest useful number of bytes of output.
    /// - Returns: nil when the output would be longer than `limit`.
    static func compress(_ input: [UInt8], limit: Int = .max) -> [UInt8]? {
        // At most half full, so that probing is short: a table holds fewer than 4096 codes.
        let wanted = min(input.count, LZW.codesMax) * 2
        let slots = max(64, 1 << (Int.bitWidth - wanted.leadingZeroBitCount))
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: slots) { table in
            table.initialize(repeating: LZW.emptySlot)
            var state = State(table: table, limit: limit)
            return state.run(input) ? state.output : nil
        }
    }

    private struct State {
        /// Open addressing: `prefix code << 20 | byte << 12 | code`.
        let table: UnsafeMutableBufferPointer<UInt32>
        let limit: Int
        var output: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        var width: UInt32 = LZW.widthMin
        /// The code assigned last.
        var newest: UInt32 = LZW.endCode
        /// The code that needs one bit more.
        var overflow: UInt32 = 1 << LZW.widthMin

        /// - Returns: false when the output exceeds the limit.
        mutating func run(_ input: [UInt8]) -> Bool {
            guard var code = input.first.map(UInt32.init) else {
                write(LZW.endCode)
                flush()
                return output.count <= limit
            }
            let mask = table.count - 1
            for byte in input.dropFirst() {
                let literal = UInt32(byte)
                let key = code << 8 | literal
                var slot = Int((key &* 0x9E37_79B1) >> 16) & mask
                var entry = table[slot]
                while entry != LZW.emptySlot, entry >> 12 != key {
                    slot = (slot + 1) & mask
                    entry = table[slot]
                }
                if entry != LZW.emptySlot {
                    code = entry & LZW.codeMask
                    continue
                }
                write(code)
                if output.count > limit { return false }
                code = literal
                if advance() { table[slot] = key << 12 | newest }
            }
            write(code)
            _ = advance()
            write(LZW.endCode)
            flush()
            return output.count <= limit
        }

        /// Assigns the next code.
        ///
        /// - Returns: false when there is none; a clear code was written.
        private mutating func advance() -> Bool {
            newest += 1
            if newest == overflow {
                width += 1
                overflow <<= 1
            }
            guard newest == LZW.codeMask else { return true }
            write(LZW.clearCode)
            width = LZW.widthMin
            newest = LZW.endCode
            overflow = 1 << LZW.widthMin
            table.update(repeating: LZW.emptySlot)
            return false
        }

        private mutating func write(_ code: UInt32) {
            bits |= code << bitCount
            bitCount += width
            while bitCount >= 8 {
                output.append(UInt8(truncatingIfNeeded: bits))
                bits >>= 8
                bitCount -= 8
            }
        }

        private mutating func flush() {
            if bitCount > 0 { output.append(UInt8(truncatingIfNeeded: bits)) }
        }
    }
}

/// The numbers of LZW that both directions share.
enum LZW {
    static let clearCode: UInt32 = 256
    static let endCode: UInt32 = 257
    static let widthMin: UInt32 = 9
    static let widthMax: UInt32 = 12
    static let codesMax = 1 << 12
    static let codeMask: UInt32 = 0xFFF
    /// A slot without an entry: every entry has a code above 257.
    static let emptySlot: UInt32 = 0
}
