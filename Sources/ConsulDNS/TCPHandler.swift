import DNSWire
import NIOCore
import Primitives

/// Questions over one connection, each behind its length (RFC 1035, section 4.2.2). They may follow
/// one another without waiting, and are answered as answers come (RFC 7766, section 6.2.1).
final class TCPHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let core: DNSCore
    private var writer = MessageWriter()
    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var waiting = 0
    private var wantsRead = false
    private var isParsing = false
    private var isEnding = false
    private var idle: Scheduled<Void>?

    init(_ core: DNSCore) { self.core = core }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        core.opened(context.channel)
        watch()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idle?.cancel()
        self.context = nil
        core.closed(context.channel)
    }

    private var isFull: Bool { waiting >= Limits.pipelinedMax }

    /// Closes the connection when nothing was asked or answered for a while.
    private func watch() {
        idle?.cancel()
        guard let context else { return }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        idle = context.eventLoop.scheduleTask(
            in: .nanoseconds(Limits.idleTimeout.nanoseconds)
        ) { me.value.context?.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        received.writeBuffer(&part)
        parse()
    }

    private func parse() {
        guard !isParsing, let context else { return }
        isParsing = true
        defer { isParsing = false }
        let loop = context.eventLoop
        let me = NIOLoopBound(self, eventLoop: loop)
        while !isFull, context.channel.isWritable,
            let question = received.readLengthPrefixedSlice(as: UInt16.self)
        {
            let octets = Array(question.readableBytesView)
            guard let header = DNSHeader(octets), !header.flags.contains(.response) else {
                context.close(promise: nil)
                return
            }
            waiting += 1
            watch()
            core.answer(octets, isTCP: true) { query, reply in
                if loop.inEventLoop { return me.value.send(reply, to: query) }
                loop.execute { me.value.send(reply, to: query) }
            }
        }
        received.discardReadBytes()
        context.flush()
        closeWhenDone()
    }

    private func send(_ reply: Reply, to query: DNSQuery?) {
        waiting -= 1
        guard let context else { return }
        watch()
        let octets = reply.octets(to: query, with: &writer)
        var buffer = context.channel.allocator.buffer(capacity: octets.count + 2)
        buffer.writeInteger(UInt16(truncatingIfNeeded: octets.count))
        buffer.writeBytes(octets)
        context.write(wrapOutboundOut(buffer), promise: nil)
        guard !isParsing else { return }
        context.flush()
        goOn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { goOn() }
        context.fireChannelWritabilityChanged()
    }

    /// Takes up what was left, and reads again.
    private func goOn() {
        parse()
        guard let context, wantsRead, mayRead else { return }
        wantsRead = false
        context.read()
    }

    private var mayRead: Bool { !isFull && context?.channel.isWritable == true }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { wantsRead = true }
    }

    /// The client has asked its last question: it still gets its answers.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            isEnding = true
            closeWhenDone()
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func closeWhenDone() {
        if isEnding, waiting == 0 { context?.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
