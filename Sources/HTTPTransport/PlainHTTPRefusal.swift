import NIOCore

/// Precedes TLS, and answers a client that sends plain HTTP with the words of Go's server. TLS
/// alone would close the connection without an explanation.
final class PlainHTTPRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case first, tls, refused }
    private var state = State.first

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .first = state {
            let bytes = unwrapInboundIn(data)
            let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self)
            state = Self.beginsAMethod(first) ? .refused : .tls
            if case .refused = state { refuse(context) }
        }
        if case .tls = state { context.fireChannelRead(data) }
    }

    /// The first byte of a TLS record is below 0x20.
    private static func beginsAMethod(_ byte: UInt8?) -> Bool {
        byte.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false
    }

    private func refuse(_ context: ChannelHandlerContext) {
        let text =
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        context.close(promise: nil)
    }
}
