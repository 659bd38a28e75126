internal import Memberlist
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Primitives
internal import Serf
internal import Telemetry

extension GossipLoop {
    /// Sends a datagram. A full send buffer, or an address that cannot be reached, drops it: gossip
    /// repeats.
    func send(_ packet: [UInt8], to address: TransportAddress, checksummed: Bool) {
        let bytes = codec.seal(packet, checksummed: checksummed, nonce: Self.nonce)
        setup.metrics.bytesSent.increment(by: bytes.count)
        let code = sender.send(bytes, to: address.bytes, port: address.port)
        if code != 0 {
            log(
                MemberlistNote(
                    .error, "packet.unsent",
                    "memberlist: Failed to send to \(address): \(errnoText(code))"))
        }
    }

    /// Returns 12 bytes of the system's generator: a nonce must never repeat under one key.
    static func nonce() -> [UInt8] { SystemRandom.bytes(12) }

    func receive(_ datagram: [UInt8], from source: TransportAddress) {
        setup.metrics.bytesReceived.increment(by: datagram.count)
        guard isAllowed(source) else {
            return log(
                MemberlistNote(
                    .warning, "packet.refused", "memberlist: Blocked packet from \(source)"))
        }
        do throws(CodecFault) {
            step(.gossip(.packet(try codec.open(datagram), from: source)))
        } catch {
            log(
                MemberlistNote(
                    .error, "packet.invalid", "memberlist: \(error) from=\(source)"))
        }
    }

    func isAllowed(_ source: TransportAddress) -> Bool {
        setup.allowed.isEmpty || setup.allowed.contains { $0.contains(source.ip) }
    }
}

/// Passes the datagrams of the socket to the node.
final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let owner: GossipSockets.Owner

    init(_ owner: GossipSockets.Owner) { self.owner = owner }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let gossip = owner.value,
            let source = TransportAddress(envelope.remoteAddress)
        else { return }
        gossip.receive(Array(envelope.data.readableBytesView), from: source)
    }

    /// A datagram that could not be sent says nothing about the socket: the host of one member
    /// refused it.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
