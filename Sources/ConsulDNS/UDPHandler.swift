import DNSWire
import NIOCore

/// Questions over UDP. Datagrams come many at a time, and so do the answers go.
final class UDPHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let core: DNSCore
    private var writer = MessageWriter()
    private var context: ChannelHandlerContext?
    private var isReading = false

    init(_ core: DNSCore) { self.core = core }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let octets = Array(envelope.data.readableBytesView)
        let client = envelope.remoteAddress
        let loop = context.eventLoop
        let me = NIOLoopBound(self, eventLoop: loop)
        isReading = true
        core.answer(octets, isTCP: false) { query, reply in
            if loop.inEventLoop { return me.value.send(reply, to: query, at: client) }
            loop.execute { me.value.send(reply, to: query, at: client) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.flush()
    }

    private func send(_ reply: Reply, to query: DNSQuery?, at client: SocketAddress) {
        guard let context else { return }
        // A client that reads nothing must not fill our memory.
        guard context.channel.isWritable else { return }
        let octets = reply.octets(to: query, with: &writer)
        let buffer = context.channel.allocator.buffer(bytes: octets)
        let envelope = AddressedEnvelope(remoteAddress: client, data: buffer)
        context.write(wrapOutboundOut(envelope), promise: nil)
        if !isReading { context.flush() }
    }

    /// A datagram that could not be sent is the client's loss alone.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension Reply {
    /// The message as it goes out.
    func octets(to query: DNSQuery?, with writer: inout MessageWriter) -> [UInt8] {
        if let forwarded { return forwarded }
        if let query {
            AnswerTrimming.write(self, to: query, with: &writer)
        } else {
            writer.write(message)
        }
        return writer.bytes
    }
}
