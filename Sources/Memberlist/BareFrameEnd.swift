internal import Wire

/// Finds the end of a frame without encryption and compression, which has no length: its records
/// are skipped one after the other.
struct BareFrameEnd: Sendable {
    private let type: MessageType
    /// The index of the first byte that is not part of a skipped record.
    private var index: Int
    /// Records that follow; nil before the header was read.
    private var recordsLeft: Int?
    /// Raw bytes after the records.
    private var rawLength = 0

    /// - Parameter body: the index of the byte after the type.
    init(type: UInt8, body: Int) throws(CodecFault) {
        guard let known = MessageType(rawValue: type),
            [.ping, .ack, .pushPull, .user, .error].contains(known)
        else { throw CodecFault("Received invalid msgType (\(type))") }
        self.type = known
        index = body
    }

    /// - Returns: the index after the frame; nil while bytes are missing.
    mutating func find(in bytes: [UInt8]) throws(CodecFault) -> Int? {
        if recordsLeft == nil {
            guard try readHeader(bytes) else { return nil }
        }
        while let left = recordsLeft, left > 0 {
            guard try skipRecord(bytes) else { return nil }
            recordsLeft = left - 1
        }
        return bytes.count - index >= rawLength ? index + rawLength : nil
    }

    private mutating func readHeader(_ bytes: [UInt8]) throws(CodecFault) -> Bool {
        let start = index
        guard try skipRecord(bytes) else { return false }
        recordsLeft = 0
        let body = MessageBody(bytes: bytes, range: start..<index)
        switch type {
        case .pushPull:
            let header: PushPullHeader = try body.decode()
            try header.check()
            (recordsLeft, rawLength) = (header.nodes, header.userStateLength)
        case .user:
            let header: UserStreamHeader = try body.decode()
            guard (0...Limits.userStreamBytesMax).contains(header.length) else {
                throw CodecFault("a user message of \(header.length) bytes")
            }
            rawLength = header.length
        default: break
        }
        return true
    }

    /// - Returns: false while the record is not whole.
    private mutating func skipRecord(_ bytes: [UInt8]) throws(CodecFault) -> Bool {
        var reader = MessagePackReader(bytes, from: index, depthMax: Limits.recordDepthMax)
        do {
            try reader.skip()
        } catch let error as MessagePackError where error.isTruncated {
            // The next attempt skips the same bytes again; the bound keeps that short.
            guard bytes.count - index <= Limits.recordBytesMax else {
                throw CodecFault("a record of more than \(Limits.recordBytesMax) bytes")
            }
            return false
        } catch {
            throw CodecFault("\(error)")
        }
        index = reader.offset
        return true
    }
}

extension PushPullHeader {
    /// Rejects counts beyond the bounds.
    func check() throws(CodecFault) {
        guard (0...Limits.pushPullNodesMax).contains(nodes) else {
            throw CodecFault("a push/pull of \(nodes) nodes")
        }
        guard (0...Limits.userStateBytesMax).contains(userStateLength) else {
            throw CodecFault("a push/pull with a user state of \(userStateLength) bytes")
        }
    }
}
