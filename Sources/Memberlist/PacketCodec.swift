internal import Primitives

/// Turns messages into the bytes of datagrams and stream frames, and back: compression, checksum,
/// encryption, label. A value: the shell replaces it when the keyring changes.
package struct PacketCodec: Sendable {
    package var keyring = Keyring()
    /// False accepts plaintext too, while encryption is rolled out.
    package var verifiesIncoming = true
    /// False sends plaintext, while encryption is rolled out.
    package var verifiesOutgoing = true
    package var compresses = true
    /// Separates pools that share addresses (memberlist 0.3 and newer); empty for none. At most 255
    /// bytes.
    package var label = ""

    package init() {}

    var encrypts: Bool { !keyring.isEmpty && verifiesOutgoing }

    /// Bytes that sealing adds to a datagram, for `MemberlistCore.setPacketOverhead`.
    package var packetOverhead: Int {
        (encrypts ? Keyring.Format.overhead : 0) + labelHeader.count
    }

    // MARK: Datagrams

    /// Returns the datagram for a message: compressed if that is shorter, with CRC if
    /// `checksummed`, encrypted if the keyring has keys, after the label.
    ///
    /// - Parameter nonce: returns 12 bytes never returned before.
    package func seal(
        _ message: [UInt8], checksummed: Bool, nonce: () -> [UInt8]
    ) -> [UInt8] {
        var bytes = message
        if compresses, let shorter = Compressed.wrap(message, ifShorter: true) { bytes = shorter }
        if checksummed {
            let sum = BigEndian.bytes(CRC32.checksum(bytes[...]))
            bytes = [MessageType.checksum.rawValue] + sum + bytes
        }
        if encrypts {
            bytes = keyring.seal(bytes, nonce: nonce(), additional: Array(label.utf8))
        }
        return label.isEmpty ? bytes : labelHeader + bytes
    }

    /// Returns the message of a datagram, without label and encryption; CRC and compression are
    /// left for the core.
    package func open(_ datagram: [UInt8]) throws(CodecFault) -> [UInt8] {
        guard let start = try skipLabel(datagram, "packet"), start < datagram.count else {
            throw CodecFault("missing message type byte")
        }
        let rest = datagram[start...]
        guard !keyring.isEmpty else { return start == 0 ? datagram : Array(rest) }
        do throws(CodecFault) {
            return try keyring.open(rest, additional: Array(label.utf8))
        } catch {
            guard verifiesIncoming else { return Array(rest) }
            throw CodecFault("Decrypt packet failed: \(error)")
        }
    }

    // MARK: Labels

    private var labelHeader: [UInt8] {
        if label.isEmpty { return [] }
        let bytes = label.utf8.prefix(Limits.labelBytesMax)
        return [MessageType.label.rawValue, UInt8(bytes.count)] + bytes
    }

    /// Checks the label at the front, or that there is none.
    ///
    /// - Returns: the index after it; nil when more bytes are needed.
    func skipLabel(_ bytes: [UInt8], _ kind: String) throws(CodecFault) -> Int? {
        guard let first = bytes.first else { return nil }
        var found: [UInt8] = []
        var end = 0
        if first == MessageType.label.rawValue {
            guard bytes.count > 1 else { return nil }
            end = 2 + Int(bytes[1])
            guard bytes.count >= end else { return nil }
            found = Array(bytes[2..<end])
        }
        guard found.elementsEqual(label.utf8), found.isEmpty == (end == 0) else {
            let text = String(decoding: found, as: UTF8.self)
            throw CodecFault(
                "discarding \(kind) with unacceptable label \(GoText.quoted(text))",
                isAnswered: false)
        }
        return end
    }

    // MARK: Streams

    /// Returns the bytes of a stream frame.
    package func sealFrame(_ frame: [UInt8], nonce: () -> [UInt8]) -> [UInt8] {
        // HashiCorp's agents compress a frame even when that makes it longer.
        let bytes = compresses ? Compressed.wrap(frame, ifShorter: false) ?? frame : frame
        guard encrypts else { return labelHeader + bytes }
        let count = UInt32(Keyring.Format.overhead + bytes.count)
        let header = [MessageType.encrypted.rawValue] + BigEndian.bytes(count)
        let additional = header + Array(label.utf8)
        return labelHeader + header
            + keyring.seal(bytes, nonce: nonce(), additional: additional)
    }

    /// Returns the error frame that answers a frame that cannot be read.
    package func errorFrame(_ text: String, nonce: () -> [UInt8]) -> [UInt8] {
        sealFrame(MessageType.error.encode(ErrorReply(error: text)), nonce: nonce)
    }
}

/// The reason why bytes from the network were dropped, in memberlist's words.
package struct CodecFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    /// False when a stream is closed without an error frame: its label is of another pool.
    package var isAnswered: Bool

    package init(_ description: String, isAnswered: Bool = true) {
        self.description = description
        self.isAnswered = isAnswered
    }
}
