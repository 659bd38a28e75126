import DNSWire
import NIOCore
import Platform
import Primitives
import Telemetry

/// Answers questions over UDP. Datagrams are read and written in batches: the answers of one read
/// share a buffer and a system call.
final class UDPHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    /// The state for all questions of one read: they arrived before any of them is examined.
    private struct Moment {
        let zone: Zone
        let version: UInt64?
    }

    private let core: DNSCore
    private let cache: AnswerCache
    private var writer = MessageWriter()
    private var context: ChannelHandlerContext?
    private var moment: Moment?
    /// The answers of this read, one after the other, and their offsets.
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

    /// - Parameter version: the catalog's version when the question was read; nil when that is
    ///   past.
    private func send(
        _ reply: Reply, to query: DNSQuery?, at client: SocketAddress, _ version: UInt64?
    ) {
        if let version, let query { cache.keep(reply, to: query, version: version) }
        add(reply.octets(to: query, with: &writer), to: client, numbered: nil)
        if moment == nil { sendBatch() }
    }

    /// - Parameter question: supplies the answer's identifier, unless it is right already.
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
        // Bounds the memory for a client that reads nothing.
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

    /// A datagram that could not be sent is lost for its client only.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension Reply {
    /// Encodes the message.
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
