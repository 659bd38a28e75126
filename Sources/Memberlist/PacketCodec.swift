package import Primitives

/// Turns messages into the bytes of datagrams and stream frames, and back: compression, checksum,
/// encryption, label. A value: the shell replaces it when the keyring changes.
package struct PacketCodec: Sendable {
    package var keyring = Keyring()
    /// False accepts plaintext too, while encryption is rolled out.
    package var verifiesIncoming = true
    /// False sends plaintext, while encryption is rolled out.
    package var verifiesOutgoing = true
    package var compresses = true
    /// Separates pools that share addresses (memberlist 0.3 and newer); empty for none.
    package var label = ""

    package init() {}

    /// Bytes that sealing adds to a datagram, for `MemberlistCore.setPacketOverhead`.
    package var packetOverhead: Int { fatalError() }

    /// Returns the datagram for a message: compressed if that is shorter, with CRC if `checksummed`,
    /// encrypted if the keyring has keys, after the label.
    ///
    /// - Parameter nonce: returns 12 bytes never returned before.
    package func seal(
        _ message: [UInt8], checksummed: Bool, nonce: () -> [UInt8]
    ) -> [UInt8] { fatalError() }

    /// Returns the message of a datagram, without label and encryption; CRC and compression are left
    /// for the core.
    package func open(_ datagram: [UInt8]) throws(CodecFault) -> [UInt8] { fatalError() }

    /// Returns the bytes of a stream frame.
    package func sealFrame(_ frame: [UInt8], nonce: () -> [UInt8]) -> [UInt8] { fatalError() }

    /// Returns the error frame that answers a frame that cannot be read.
    package func errorFrame(_ text: String, nonce: () -> [UInt8]) -> [UInt8] { fatalError() }
}

/// The reason why bytes from the network were dropped, in memberlist's words.
package struct CodecFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// Collects the bytes of one stream until its frame is complete. Linear in the bytes, whatever the
/// sizes of the pieces.
package struct FrameReader: Sendable {
    package init(_ codec: PacketCodec) { fatalError() }

    /// Adds bytes of the stream.
    ///
    /// - Returns: the frame once it is complete: its type byte and its body, decrypted and
    ///   inflated; nil while bytes are missing.
    /// - Throws: when the bytes cannot become a frame, or would exceed the bounds of `Limits`.
    package mutating func append(_ bytes: [UInt8]) throws(CodecFault) -> [UInt8]? { fatalError() }
}
