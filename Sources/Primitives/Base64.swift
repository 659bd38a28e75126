/// RFC 4648 standard base64 with padding, the form of Go's `encoding/json` for byte slices.
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

    /// Appends the encoded form to `out`: 4 bytes for each 3, or part of 3, of the input.
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

    /// Nil for anything but complete groups of four with correct padding. Line breaks are skipped,
    /// as in Go.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let found = text.withContiguousStorageIfAvailable { decode(buffer: $0) }
        return found ?? Array(text).withUnsafeBufferPointer { decode(buffer: $0) }
    }

    private static func decode(buffer text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let breaks = text.count { $0 == 0x0A || $0 == 0x0D }
        if breaks > 0 {
            return text.filter { $0 != 0x0A && $0 != 0x0D }
                .withUnsafeBufferPointer { decode(symbols: $0) }
        }
        return decode(symbols: text)
    }

    private static func decode(symbols: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let count = symbols.count
        guard count % 4 == 0 else { return nil }
        if count == 0 { return [] }
        let end = UInt8(ascii: "=")
        let padding = symbols[count - 1] != end ? 0 : symbols[count - 2] != end ? 1 : 2
        var isValid = true
        let out = [UInt8](unsafeUninitializedCapacity: count / 4 * 3) { space, written in
            reverse.withUnsafeBufferPointer { reverse in
                // The last group may hold padding, which is no symbol elsewhere.
                for group in 0..<(count / 4) {
                    let isLast = group == count / 4 - 1
                    var word: UInt32 = 0
                    for place in 0..<4 {
                        let isPadding = isLast && place >= 4 - padding
                        let value = isPadding ? 0 : reverse[Int(symbols[group * 4 + place])]
                        if value == 0xFF { isValid = false }
                        word = word << 6 | UInt32(value)
                    }
                    space[group * 3] = UInt8(truncatingIfNeeded: word >> 16)
                    space[group * 3 + 1] = UInt8(truncatingIfNeeded: word >> 8)
                    space[group * 3 + 2] = UInt8(truncatingIfNeeded: word)
                }
            }
            written = count / 4 * 3 - padding
        }
        return isValid ? out : nil
    }

    public static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }
}
