internal import Crypto

/// A SHA-256 sum over bytes that arrive in pieces.
package struct SHA256Sum: Sendable {
    private var hash = SHA256()

    package init() {}

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { bytes in
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        }
        if done == nil { hash.update(data: Array(bytes)) }
    }

    /// The sum so far, as 64 lower-case hexadecimal digits. More bytes may be added afterwards.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in hash.finalize() {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func hex(of bytes: some Sequence<UInt8>) -> String {
        var sum = SHA256Sum()
        sum.add(bytes)
        return sum.hex
    }
}
