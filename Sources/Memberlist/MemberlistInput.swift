package import Primitives

/// Pairs a stream that this node opened with its reply. Rises by one per stream.
package typealias OutgoingStream = UInt64
/// Pairs a stream that another node opened with the answer. Chosen by the shell, unique while it is
/// open.
package typealias IncomingStream = UInt64

/// An event for `MemberlistCore`. The shell reports one at a time, with the time.
package enum MemberlistInput: Sendable, Hashable {
    /// The instant of the last `wake` has come. Every other input checks the clock too.
    case tick
    /// A datagram as `PacketCodec.open` returned it: decrypted, without label. The core checks the
    /// CRC, inflates, and splits compounds.
    case packet([UInt8], from: TransportAddress)
    /// The first frame of a stream that another node opened, as `FrameReader` returned it: its type
    /// byte and its body. The answer is at most one `replyStream`, then `closeStream`.
    case streamRequest(IncomingStream, [UInt8], from: TransportAddress)
    /// The frame that came back on a stream that this node opened.
    case streamReply(OutgoingStream, [UInt8])
    /// No reply will come: no connection, a broken one, a faulty frame, or a timeout.
    case streamFailed(OutgoingStream, reason: String)
}

/// An action for the shell, which carries directives out in order and decides nothing.
package enum MemberlistDirective: Sendable, Hashable {
    /// Send this datagram. The shell seals it (`PacketCodec.seal`).
    ///
    /// - Parameter checksummed: the receiver is known to check a CRC.
    case sendPacket([UInt8], to: TransportAddress, checksummed: Bool)
    /// Connect, send this frame and wait for one frame, no longer than until the deadline; then
    /// step with `streamReply` or `streamFailed`.
    case openStream(OutgoingStream, to: TransportAddress, frame: [UInt8], deadline: Instant)
    /// Answer with this frame.
    case replyStream(IncomingStream, [UInt8])
    /// Close the stream once written. Each `streamRequest` gets exactly one.
    case closeStream(IncomingStream)
    /// Step with `tick` then. Replaces an earlier one.
    case wake(at: Instant)
    /// Count it and log it, at a bounded rate.
    case note(MemberlistNote)
}

/// A fact for the log and the counters.
package struct MemberlistNote: Sendable, Hashable {
    package enum Level: Sendable, Hashable { case debug, info, warning, error }

    package var level: Level
    /// Groups notes for the bound on their rate, and names a counter: `packet.invalid`,
    /// `probe.failed`.
    package var kind: StaticName
    /// HashiCorp's text where it has one, without `[ERR] memberlist:`.
    package var text: String

    package init(_ level: Level, _ kind: StaticName, _ text: String) {
        self.level = level
        self.kind = kind
        self.text = text
    }
}

/// A name written in the source.
package struct StaticName: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let description: String
    package init(stringLiteral text: String) { description = text }
}
