/// RFC 4648 standard base64 with padding, as Go's `encoding/json` writes byte slices.
public enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let reverse: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()

    public static func encode(_ input: some Collection<UInt8>) -> String {
        var out: [UInt8] = []
        append(input, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// Appends the encoded form to `out`: 4 bytes for each group of 3 input bytes, the last one
    /// padded.
    public static func append(_ input: some Collection<UInt8>, to out: inout [UInt8]) {
        out.reserveCapacity(out.count + (input.count + 2) / 3 * 4)
        let done: Void? = input.withContiguousStorageIfAvailable { appendBuffer($0, to: &out) }
        if done == nil { Array(input).withUnsafeBufferPointer { appendBuffer($0, to: &out) } }
    }

    private static func appendBuffer(_ input: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        let count = (input.count + 2) / 3 * 4
        out += [UInt8](unsafeUninitializedCapacity: count) { space, written in
            if let start = space.baseAddress, count > 0 { write(input, to: start) }
            written = count
        }
    }

    /// Writes the encoded form: `(input.count + 2) / 3 * 4` bytes.
    package static func write(
        _ input: UnsafeBufferPointer<UInt8>, to out: UnsafeMutablePointer<UInt8>
    ) {
        alphabet.withUnsafeBufferPointer { alphabet in
            var index = 0
            var out = out
            while index + 2 < input.count {
                let word =
                    UInt32(input[index]) << 16 | UInt32(input[index + 1]) << 8
                    | UInt32(input[index + 2])
                out[0] = alphabet[Int(word >> 18)]
                out[1] = alphabet[Int(word >> 12 & 63)]
                out[2] = alphabet[Int(word >> 6 & 63)]
                out[3] = alphabet[Int(word & 63)]
                out += 4
                index += 3
            }
            let left = input.count - index
            guard left > 0 else { return }
            let word = UInt32(input[index]) << 16 | (left == 2 ? UInt32(input[index + 1]) << 8 : 0)
            out[0] = alphabet[Int(word >> 18)]
            out[1] = alphabet[Int(word >> 12 & 63)]
            out[2] = left == 2 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "=")
            out[3] = UInt8(ascii: "=")
        }
    }

    /// Decodes complete groups of four with correct padding; returns nil for anything else. Skips
    /// line breaks, as Go does.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let found = text.withContiguousStorageIfAvailable { decode(buffer: $0) }
        return found ?? Array(text).withUnsafeBufferPointer { decode(buffer: $0) }
    }

    private static func decode(buffer text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        if let decoded = decode(symbols: text) { return decoded }
        let isBreak = { (byte: UInt8) in byte == 0x0A || byte == 0x0D }
        guard text.contains(where: isBreak) else { return nil }
        return text.filter { !isBreak($0) }.withUnsafeBufferPointer { decode(symbols: $0) }
    }

    private static func decode(symbols: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let count = symbols.count
        if count == 0 { return [] }
        guard count % 4 == 0, let start = symbols.baseAddress else { return nil }
        let end = UInt8(ascii: "=")
        let padding = start[count - 1] != end ? 0 : start[count - 2] != end ? 1 : 2
        // Maps a byte to its symbol's value below 64; the high bit marks a byte that is not a
        // symbol.
        var marks: UInt8 = 0
        let out = [UInt8](unsafeUninitializedCapacity: count / 4 * 3) { space, written in
            reverse.withUnsafeBufferPointer { reverse in
                var from = start
                guard var to = space.baseAddress else { return }
                for _ in 0..<(count / 4 - 1) {
                    let (a, b) = (reverse[Int(from[0])], reverse[Int(from[1])])
                    let (c, d) = (reverse[Int(from[2])], reverse[Int(from[3])])
                    marks |= a | b | c | d
                    to[0] = a << 2 | b >> 4
                    to[1] = b << 4 | c >> 2
                    to[2] = c << 6 | d
                    from += 4
                    to += 3
                }
                // Padding is valid in the last group only.
                let (a, b) = (reverse[Int(from[0])], reverse[Int(from[1])])
                let c = padding < 2 ? reverse[Int(from[2])] : 0
                let d = padding < 1 ? reverse[Int(from[3])] : 0
                marks |= a | b | c | d
                to[0] = a << 2 | b >> 4
                if padding < 2 { to[1] = b << 4 | c >> 2 }
                if padding < 1 { to[2] = c << 6 | d }
            }
            written = count / 4 * 3 - padding
        }
        return marks < 0x80 ? out : nil
    }

    public static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }
}
