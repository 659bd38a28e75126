internal import Wire

/// The first byte of a message.
enum SerfMessageType: UInt8, Sendable {
    case leave = 0
    case join = 1
    case pushPull = 2
    case userEvent = 3
    case query = 4
    case queryResponse = 5
    case conflictResponse = 6
    case keyRequest = 7
    case keyResponse = 8
    case relay = 9

    /// Returns this byte and the record.
    func encode(_ record: some Record) -> [UInt8] {
        var writer = MessagePackWriter()
        writer.byte(rawValue)
        writer.record(record)
        return writer.output
    }

    /// Reads the record after the first byte. Bytes after it are ignored, as in Go.
    ///
    /// - Throws: also when the first byte is another one.
    static func decode<R: Record>(
        _ type: SerfMessageType, _ record: R.Type = R.self, from message: [UInt8]
    ) throws -> R {
        var reader = MessagePackReader(message)
        guard try reader.byte() == type.rawValue else {
            throw MessagePackError(offset: 0, reason: "another type of message")
        }
        var value = R()
        try reader.record(&value)
        return value
    }
}
