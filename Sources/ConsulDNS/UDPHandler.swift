import DNSWire
import NIOCore
import Platform
import Primitives
import Telemetry

/// Questions over UDP. Datagrams come many at a time, and so do the answers go: those of one
/// reading share a buffer and a call of the kernel.
final class UDPHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// What holds for all questions of one reading: they came before any of them is looked at.
    private struct Moment {
        let zone: Zone
        let version: UInt64?
    }

    private let core: DNSCore
    private let cache: AnswerCache
    private var writer = MessageWriter()
    private var context: ChannelHandlerContext?
    private var moment: Moment?
    /// Answers of this reading, one behind the other, and where each begins.
    private var batch = ByteBuffer()
    private var parts: [(start: Int, client: SocketAddress)] = []

    init(_ core: DNSCore, on loop: any EventLoop) {
        self.core = core
        cache = core.cache(of: loop)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let client = envelope.remoteAddress
        let moment = self.moment ?? Moment(zone: core.currentZone, version: cache.version)
        self.moment = moment
        if let version = moment.version {
            let start = SystemClock.now()
            let entry = cache.find(
                envelope.data, isTCP: false, from: client, version: version, zone: moment.zone)
            if let entry {
                add(cache.octets(entry, with: &writer), to: client, numbered: envelope.data)
                return core.resolver.metrics.domain.record(SystemClock.now() - start)
            }
        }
        let octets = Array(envelope.data.readableBytesView)
        let loop = context.eventLoop
        let me = NIOLoopBound(self, eventLoop: loop)
        let version = moment.version
        core.answer(octets, isTCP: false, from: client) { query, reply in
            if loop.inEventLoop { return me.value.send(reply, to: query, at: client, version) }
            loop.execute { me.value.send(reply, to: query, at: client, nil) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        moment = nil
        sendBatch()
    }

    /// - Parameter version: of the catalog when the question was taken up; nil when that is past.
    private func send(
        _ reply: Reply, to query: DNSQuery?, at client: SocketAddress, _ version: UInt64?
    ) {
        if let version, let query { cache.keep(reply, to: query, version: version) }
        add(reply.octets(to: query, with: &writer), to: client, numbered: nil)
        if moment == nil { sendBatch() }
    }

    /// - Parameter question: whose number the answer bears, where it is not the right one already.
    private func add(_ octets: [UInt8], to client: SocketAddress, numbered question: ByteBuffer?) {
        let start = batch.writerIndex
        batch.writeBytes(octets)
        if let question {
            let number = question.getInteger(at: question.readerIndex, as: UInt16.self)
            batch.setInteger(number ?? 0, at: start)
        }
        parts.append((start, client))
        if batch.writerIndex >= Limits.batchBytesMax { sendBatch() }
    }

    private func sendBatch() {
        guard let context, !parts.isEmpty else { return }
        // A client that reads nothing must not fill our memory.
        if context.channel.isWritable {
            for index in parts.indices {
                let part = parts[index]
                let end = index + 1 < parts.count ? parts[index + 1].start : batch.writerIndex
                if let answer = batch.getSlice(at: part.start, length: end - part.start) {
                    let envelope = AddressedEnvelope(remoteAddress: part.client, data: answer)
                    context.write(wrapOutboundOut(envelope), promise: nil)
                }
            }
            context.flush()
        }
        parts.removeAll(keepingCapacity: true)
        batch.clear()
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
