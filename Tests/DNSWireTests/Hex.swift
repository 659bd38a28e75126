@testable import DNSWire

/// Parses octets from hexadecimal digits; blanks and line ends between them are ignored.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

func name(_ text: String) -> DNSName { DNSName(text) ?? .root }

func written(_ message: DNSMessage, compressing: Bool = true) -> [UInt8] {
    var writer = MessageWriter()
    writer.write(message, compressing: compressing)
    return writer.bytes
}
