import DNSWire
import NIOCore
import Platform
import Primitives
import Telemetry

/// Answers questions over one connection, each preceded by its length (RFC 1035, section 4.2.2). A
/// client may send them without waiting, and answers are sent as they are ready (RFC 7766, section
/// 6.2.1).
final class TCPHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let core: DNSCore
    private let client: String
    private let cache: AnswerCache
    private let idleTimeout: TimeAmount
    private var writer = MessageWriter()
    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var waiting = 0
    private var wantsRead = false
    private var isParsing = false
    private var isEnding = false
    private var idle: Scheduled<Void>?
    private let loop: any EventLoop
    private var lastUse: NIODeadline

    /// - Parameter client: the address under which the connection was admitted.
    init(_ core: DNSCore, of client: String, on loop: any EventLoop) {
        self.core = core
        self.client = client
        cache = core.cache(of: loop)
        self.loop = loop
        lastUse = loop.now
        idleTimeout = .nanoseconds(core.limits.idleTimeout.nanoseconds)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        core.opened(context.channel)
        watch(for: idleTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idle?.cancel()
        self.context = nil
        core.closed(context.channel, of: client)
    }

    private var isFull: Bool { waiting >= Limits.pipelinedMax }

    /// Closes the connection when it was idle for the timeout. One timer runs at a time, and checks
    /// whether it fired too early.
    private func watch(for rest: TimeAmount) {
        guard let context else { return }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        idle = context.eventLoop.scheduleTask(in: rest) { me.value.timerFired() }
    }

    private func timerFired() {
        let rest = lastUse + idleTimeout - loop.now
        if rest > .nanoseconds(0) { watch(for: rest) } else { context?.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        received.writeBuffer(&part)
        goOn()
    }

    /// Handles the received questions, as far as more answers may be pending.
    private func parse() {
        guard !isParsing else { return }
        isParsing = true
        // Writing reduces the number of pending answers.
        while takeQuestions() { context?.flush() }
        isParsing = false
        received.discardReadBytes()
        context?.flush()
        endIfDone()
    }

    /// - Returns: false when there was no complete question, or too many are pending.
    private func takeQuestions() -> Bool {
        var tookSome = false
        var zone: Zone?
        while mayRead, let question = received.readLengthPrefixedSlice(as: UInt16.self) {
            guard let context else { return false }
            // An answer, or less than a header: the sender is not a client.
            guard question.readableBytes >= DNSWire.Limits.headerBytes,
                let flags = question.getInteger(at: question.readerIndex + 2, as: UInt8.self),
                flags & 0x80 == 0
            else {
                context.close(promise: nil)
                return false
            }
            tookSome = true
            waiting += 1
            lastUse = loop.now
            let ruling = zone ?? core.currentZone
            zone = ruling
            take(question, ruling, context)
        }
        return tookSome
    }

    private func take(_ question: ByteBuffer, _ zone: Zone, _ context: ChannelHandlerContext) {
        let version = cache.version
        let start = SystemClock.now()
        if let version,
            let entry = cache.find(
                question, isTCP: true, from: context.channel.remoteAddress, version: version,
                zone: zone)
        {
            var octets = cache.octets(entry, with: &writer)
            octets[0] = question.getInteger(at: question.readerIndex) ?? 0
            octets[1] = question.getInteger(at: question.readerIndex + 1) ?? 0
            waiting -= 1
            write(octets)
            return core.resolver.metrics.domain.record(SystemClock.now() - start)
        }
        let octets = Array(question.readableBytesView)
        let loop = loop
        let me = NIOLoopBound(self, eventLoop: loop)
        core.answer(octets, isTCP: true, from: context.channel.remoteAddress) { query, reply in
            if loop.inEventLoop { return me.value.send(reply, to: query, version) }
            loop.execute { me.value.send(reply, to: query, nil) }
        }
    }

    /// - Parameter version: the catalog's version when the question was read; nil when that is
    ///   past.
    private func send(_ reply: Reply, to query: DNSQuery?, _ version: UInt64?) {
        if let transfer = reply.transfer, let query { return send(transfer, query) }
        waiting -= 1
        if let version, let query { cache.keep(reply, to: query, version: version) }
        write(reply.octets(to: query, with: &writer))
        if !isParsing { goOn() }
    }

    private func write(_ octets: [UInt8], promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        lastUse = loop.now
        var buffer = context.channel.allocator.buffer(capacity: octets.count + 2)
        buffer.writeInteger(UInt16(truncatingIfNeeded: octets.count))
        buffer.writeBytes(octets)
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    // MARK: Zone transfers

    /// Sends one message after another: the next is made when the previous one is written, so that
    /// a slow secondary costs no memory. A secondary that reads nothing is idle, and its connection
    /// is closed.
    private func send(_ transfer: ZoneTransfer, _ query: DNSQuery) {
        let loop = loop
        let me = NIOLoopBound(self, eventLoop: loop)
        transfer.next(on: loop) { message in
            if loop.inEventLoop { return me.value.send(message, of: transfer, query) }
            loop.execute { me.value.send(message, of: transfer, query) }
        }
    }

    private func send(_ message: DNSMessage?, of transfer: ZoneTransfer, _ query: DNSQuery) {
        guard let context else { return }
        let loop = loop
        guard let message else {
            waiting -= 1
            if !isParsing { goOn() }
            return
        }
        let me = NIOLoopBound(self, eventLoop: loop)
        let written = loop.makePromise(of: Void.self)
        writer.write(message, compressing: !query.zone.rules.disableCompression)
        write(writer.bytes, promise: written)
        context.flush()
        // Continues later: the socket may accept messages as fast as they are made.
        written.futureResult.whenSuccess { loop.execute { me.value.send(transfer, query) } }
    }

    // MARK: The connection

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { goOn() }
        context.fireChannelWritabilityChanged()
    }

    /// Handles the buffered questions, and reads again.
    private func goOn() {
        guard !isParsing else { return }
        parse()
        guard let context, wantsRead, mayRead else { return }
        wantsRead = false
        context.read()
    }

    private var mayRead: Bool { !isFull && context?.channel.isWritable == true }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { wantsRead = true }
    }

    /// The client has sent its last question, and still receives its answers.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            isEnding = true
            endIfDone()
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func endIfDone() {
        guard isEnding, waiting == 0, received.readableBytes == 0 || mayRead, let context else {
            return
        }
        // Closes after the last answer.
        let me = NIOLoopBound(self, eventLoop: loop)
        let gone = loop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: gone)
        gone.futureResult.whenComplete { _ in me.value.context?.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
