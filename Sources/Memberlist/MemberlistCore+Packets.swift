internal import Primitives

extension MemberlistCore {
    /// The work that one datagram may cause.
    private struct Budget {
        var inflatedBytes = Limits.inflatedPacketBytesMax
        var parts = Limits.partsPerPacketMax
    }

    /// Handles a datagram: checks its CRC, then its messages in order.
    mutating func receivePacket(
        _ bytes: [UInt8], from source: TransportAddress, _ delegate: inout some MemberlistDelegate
    ) {
        var start = 0
        if bytes.count >= 5, bytes[0] == MessageType.checksum.rawValue {
            let expected = BigEndian.uint32(bytes, at: 1)
            let found = CRC32.checksum(bytes[5...])
            guard found == expected else {
                return note(
                    .warning, "packet.checksum",
                    "Got invalid checksum for UDP packet: \(String(found, radix: 16)), "
                        + "\(String(expected, radix: 16))")
            }
            start = 5
        }
        var budget = Budget()
        receive(bytes, start..<bytes.count, from: source, depth: 0, &budget, &delegate)
    }

    private mutating func receive(
        _ bytes: [UInt8], _ range: Range<Int>, from source: TransportAddress, depth: Int,
        _ budget: inout Budget, _ delegate: inout some MemberlistDelegate
    ) {
        budget.parts -= 1
        guard budget.parts >= 0, depth <= Limits.nestingMax else {
            return note(
                .error, "packet.nested", "Dropping a packet with too many parts from=\(source)")
        }
        guard let first = range.first else {
            return note(.error, "packet.invalid", "missing message type byte from=\(source)")
        }
        let body = MessageBody(bytes: bytes, range: first + 1..<range.upperBound)
        let type = MessageType(rawValue: bytes[first])
        do throws(CodecFault) {
            switch type {
            case .compound:
                let parts = try Compound.parts(of: bytes, in: body.range)
                if parts.truncated > 0 {
                    note(
                        .warning, "packet.truncated",
                        "Compound request had \(parts.truncated) truncated messages from=\(source)")
                }
                for part in parts.ranges where budget.parts >= 0 {
                    receive(bytes, part, from: source, depth: depth + 1, &budget, &delegate)
                }
            case .compressed:
                let record: Compressed = try body.decode()
                let inflated = try record.expand(limit: budget.inflatedBytes)
                budget.inflatedBytes -= inflated.count
                receive(
                    inflated, 0..<inflated.count, from: source, depth: depth + 1, &budget, &delegate
                )
            case .user: delegate.receiveUserMessage(body.slice, now: now)
            default: try receiveMessage(type, bytes[first], body, from: source, &delegate)
            }
        } catch {
            note(
                .error, "packet.invalid",
                "Failed to decode \(Self.describe(type)): \(error) from=\(source)")
        }
    }

    private mutating func receiveMessage(
        _ type: MessageType?, _ number: UInt8, _ body: MessageBody, from source: TransportAddress,
        _ delegate: inout some MemberlistDelegate
    ) throws(CodecFault) {
        switch type {
        case .ping: receivePing(try body.decode(), from: source, &delegate)
        case .indirectPing: receiveIndirectPing(try body.decode(), from: source, &delegate)
        case .ack: receiveAck(try body.decode(), &delegate)
        case .nack: receiveNack(try body.decode())
        case .alive: receiveAlive(try body.decode(), &delegate)
        case .suspect:
            let record: Suspect = try body.decode()
            guard
                let claim = PoolClaim(
                    name: record.node, incarnation: record.incarnation, from: record.from)
            else { throw CodecFault("an invalid name or incarnation") }
            receiveSuspect(claim, &delegate)
        case .dead:
            let record: Dead = try body.decode()
            guard
                let claim = PoolClaim(
                    name: record.node, incarnation: record.incarnation, from: record.from)
            else { throw CodecFault("an invalid name or incarnation") }
            receiveDead(claim, &delegate)
        default:
            note(
                .error, "packet.type", "msg type (\(number)) not supported from=\(source)")
        }
    }

    /// Returns the name of a message in memberlist's logs.
    private static func describe(_ type: MessageType?) -> String {
        switch type {
        case .ping: "ping request"
        case .indirectPing: "indirect ping request"
        case .ack: "ack response"
        case .nack: "nack response"
        case .alive: "alive message"
        case .suspect: "suspect message"
        case .dead: "dead message"
        case .compound: "compound request"
        case .compressed: "compressed packet"
        default: "message"
        }
    }
}
