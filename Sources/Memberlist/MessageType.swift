package import Wire

/// The byte before each message.
package enum MessageType: UInt8, Sendable, Hashable {
    case ping = 0
    case indirectPing = 1
    case ack = 2
    case suspect = 3
    case alive = 4
    case dead = 5
    case pushPull = 6
    case compound = 7
    case user = 8
    case compressed = 9
    /// Before the frames of a stream alone: an encrypted datagram has no such byte.
    case encrypted = 10
    case nack = 11
    case checksum = 12
    case error = 13
    /// memberlist 0.3 and newer.
    case label = 244

    /// Returns the bytes of a message: this type, then the record.
    package func encode(_ record: some Record) -> [UInt8] {
        var writer = MessagePackWriter(capacity: 128)
        writer.byte(rawValue)
        record.encode(to: &writer)
        return writer.output
    }
}

/// The bytes of one message inside a packet or frame: from the byte after its type to its end.
struct MessageBody {
    let bytes: [UInt8]
    let range: Range<Int>

    /// Decodes the record at the start. Bytes after it are ignored, as in Go.
    func decode<R: Record>(_ type: R.Type = R.self) throws(CodecFault) -> R {
        var reader = MessagePackReader(
            bytes, from: range.lowerBound, depthMax: Limits.recordDepthMax)
        var record = R()
        do {
            try record.decode(from: &reader)
        } catch {
            throw CodecFault("\(error)")
        }
        guard reader.offset <= range.upperBound else { throw CodecFault("unexpected EOF") }
        return record
    }

    var slice: ArraySlice<UInt8> { bytes[range] }
}
