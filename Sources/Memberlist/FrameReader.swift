internal import Wire

/// Collects the bytes of one stream until its frame is complete. Linear in the bytes, whatever the
/// sizes of the pieces.
package struct FrameReader: Sendable {
    private let codec: PacketCodec
    private var bytes: [UInt8] = []
    private var stage = Stage.label

    private enum Stage: Sendable {
        case label
        /// The first byte of the frame has this index.
        case type(Int)
        case encrypted(start: Int)
        case compressed(start: Int)
        case bare(BareFrameEnd, start: Int)
        case done
    }

    package init(_ codec: PacketCodec) { self.codec = codec }

    /// Adds bytes of the stream. Bytes after the frame are ignored.
    ///
    /// - Returns: the frame once it is complete: its type byte and its body, decrypted and
    ///   inflated; nil while bytes are missing.
    /// - Throws: when the bytes cannot become a frame, or would exceed the bounds of `Limits`.
    package mutating func append(_ more: [UInt8]) throws(CodecFault) -> [UInt8]? {
        if case .done = stage { return nil }
        bytes += more
        let frame = try advance()
        if frame != nil {
            stage = .done
            bytes = []
        } else if bytes.count > Limits.frameBytesMax + Limits.frameHeaderBytesMax {
            throw CodecFault("Remote node state is larger than limit (\(bytes.count))")
        }
        return frame
    }

    private mutating func advance() throws(CodecFault) -> [UInt8]? {
        while true {
            switch stage {
            case .label:
                guard let end = try codec.skipLabel(bytes, "stream") else { return nil }
                stage = .type(end)
            case .type(let start):
                guard start < bytes.count else { return nil }
                stage = try Self.stage(bytes[start], start, codec)
            case .encrypted(let start): return try decrypt(from: start)
            case .compressed(let start):
                guard let record = try compressed(bytes, start) else { return nil }
                return try Self.inflated(record)
            case .bare(var end, let start):
                let found = try end.find(in: bytes)
                stage = .bare(end, start: start)
                return found.map { Array(bytes[start..<$0]) }
            case .done: return nil
            }
        }
    }

    private static func stage(
        _ first: UInt8, _ start: Int, _ codec: PacketCodec
    ) throws(CodecFault) -> Stage {
        if first == MessageType.encrypted.rawValue {
            guard !codec.keyring.isEmpty else {
                throw CodecFault("Remote state is encrypted and encryption is not configured")
            }
            return .encrypted(start: start)
        }
        guard codec.keyring.isEmpty || !codec.verifiesIncoming else {
            throw CodecFault("Encryption is configured but remote state is not encrypted")
        }
        if first == MessageType.compressed.rawValue { return .compressed(start: start) }
        return .bare(try BareFrameEnd(type: first, body: start + 1), start: start)
    }

    // MARK: Encrypted frames

    private func decrypt(from start: Int) throws(CodecFault) -> [UInt8]? {
        let body = start + Limits.frameHeaderBytesMax
        guard bytes.count >= body else { return nil }
        let count = Int(BigEndian.uint32(bytes, at: start + 1))
        guard count <= Limits.frameBytesMax else {
            throw CodecFault("Remote node state is larger than limit (\(count))")
        }
        guard bytes.count >= body + count else { return nil }
        let additional = Array(bytes[start..<body]) + Array(codec.label.utf8)
        let plain = try codec.keyring.open(bytes[body..<body + count], additional: additional)
        guard let first = plain.first else { throw CodecFault("missing message type byte") }
        guard first == MessageType.compressed.rawValue else { return plain }
        guard let record = try compressed(plain, 0) else { throw CodecFault("unexpected EOF") }
        return try Self.inflated(record)
    }

    // MARK: Compressed frames

    /// Reads the record after the type byte. Reading again after more bytes have come is cheap: the
    /// record has two scalars.
    ///
    /// - Returns: nil while bytes are missing.
    private func compressed(_ bytes: [UInt8], _ start: Int) throws(CodecFault) -> Compressed? {
        var reader = MessagePackReader(bytes, from: start + 1)
        var record = Compressed()
        do {
            try reader.beginMap()
            while let key = try reader.nextKey() {
                switch key {
                case "Algo": try record.algorithm.decode(from: &reader)
                case "Buf": try record.content.decode(from: &reader)
                default:
                    // A list could make each attempt long.
                    guard [.array, .map].contains(try reader.nextKind()) == false else {
                        throw CodecFault("unknown field \(key) of a compressed message")
                    }
                    try reader.skip()
                }
            }
            return record
        } catch let error as MessagePackError where error.isTruncated {
            return nil
        } catch {
            throw CodecFault("\(error)")
        }
    }

    private static func inflated(_ record: Compressed) throws(CodecFault) -> [UInt8] {
        let frame = try record.expand(limit: Limits.inflatedFrameBytesMax)
        if frame.isEmpty { throw CodecFault("missing message type byte") }
        return frame
    }
}
