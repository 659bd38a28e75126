/// Several messages in one packet: `7 | count | lengths, 2 bytes each | messages`.
enum Compound {
    /// The bytes before the first length.
    static let header = 2
    /// The bytes per message besides the message.
    static let overhead = 2

    /// Returns the packet of one or more messages. One message is its own packet.
    ///
    /// - Parameter messages: at most `Limits.compoundPartsMax`.
    static func packet(_ messages: some RandomAccessCollection<[UInt8]>) -> [UInt8] {
        precondition(
            (1...Limits.compoundPartsMax).contains(messages.count),
            "\(messages.count) messages in one packet")
        if messages.count == 1, let only = messages.first { return only }
        var packet = [MessageType.compound.rawValue, UInt8(messages.count)]
        packet.reserveCapacity(messages.reduce(header) { $0 + overhead + $1.count })
        for message in messages {
            packet.append(UInt8(truncatingIfNeeded: message.count >> 8))
            packet.append(UInt8(truncatingIfNeeded: message.count))
        }
        for message in messages { packet += message }
        return packet
    }

    /// The messages of a compound.
    struct Parts {
        var ranges: [Range<Int>] = []
        /// Messages at the end that are not whole.
        var truncated = 0
    }

    /// Finds the messages of a compound; those that are not whole are left out.
    ///
    /// - Parameter range: the bytes after the type.
    static func parts(
        of bytes: [UInt8], in range: Range<Int>
    ) throws(CodecFault) -> Parts {
        guard let first = range.first else { throw CodecFault("missing compound length byte") }
        let count = Int(bytes[first])
        var start = first + 1 + count * overhead
        guard start <= range.upperBound else { throw CodecFault("truncated len slice") }
        var parts = Parts()
        parts.ranges.reserveCapacity(count)
        for index in 0..<count {
            let at = first + 1 + index * overhead
            let end = start + Int(bytes[at]) << 8 + Int(bytes[at + 1])
            guard end <= range.upperBound else {
                parts.truncated = count - index
                break
            }
            parts.ranges.append(start..<end)
            start = end
        }
        return parts
    }
}
