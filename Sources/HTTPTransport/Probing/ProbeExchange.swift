import NIOCore
import NIOHTTP1
import NIOSSL
import Primitives

/// One request and its response on one connection; confined to the connection's loop.
///
/// A response counts from the end of its head: a body that breaks off, stalls or never ends is
/// returned as far as it arrived.
final class ProbeExchange: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The request to a proxy for a TLS connection, and the TLS handler that follows it.
    struct Tunnel {
        let request: [UInt8]
        let makeTLS: () throws -> NIOSSLClientHandler
    }

    private let request: [UInt8]
    private let keep: HTTPCall.Keep
    private let deadline: NIODeadline?
    private let promise: EventLoopPromise<HTTPClientResponse>
    private var tunnel: Tunnel?
    private var reader: ResponseReader
    private var kept: KeptBody
    private var timer: Scheduled<Void>?

    init(
        request: [UInt8], tunnel: Tunnel?, isHead: Bool, keep: HTTPCall.Keep,
        deadline: NIODeadline?, promise: EventLoopPromise<HTTPClientResponse>
    ) {
        self.request = request
        self.tunnel = tunnel
        self.keep = keep
        self.deadline = deadline
        self.promise = promise
        reader = ResponseReader(isHead: isHead, isConnect: tunnel != nil)
        kept = KeptBody(keep)
        finalReader = ResponseReader(isHead: isHead)
    }

    private let finalReader: ResponseReader

    func channelActive(context: ChannelHandlerContext) {
        if let deadline {
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            timer = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.timeOut() }
        }
        send(tunnel?.request ?? request, context)
    }

    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        // A server may answer and close before it has read the whole request: only the answer
        // counts.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        do throws(ResponseReader.Failure) {
            var failure: ResponseReader.Failure?
            buffer.withUnsafeReadableBytes { bytes in
                do throws(ResponseReader.Failure) {
                    try reader.read(bytes) { kept.append($0) }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        } catch {
            return fail(error)
        }
        if let tunnel, reader.hasHead { return passProxy(tunnel, context) }
        if reader.isDone || reader.hasHead && kept.isEnough { succeed() }
    }

    private func passProxy(_ tunnel: Tunnel, _ context: ChannelHandlerContext) {
        guard reader.status == 200 else {
            return fail(ProbeURLError("proxyconnect: \(reader.status) \(reader.reason)"))
        }
        self.tunnel = nil
        reader = finalReader
        do {
            let tls = try tunnel.makeTLS()
            try context.channel.pipeline.syncOperations.addHandler(tls, position: .before(self))
            send(request, context)
        } catch {
            fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        do throws(ResponseReader.Failure) {
            try reader.end()
            succeed()
        } catch {
            fail(error)
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if reader.hasHead, tunnel == nil { succeed() } else { fail(error) }
    }

    private func timeOut() {
        if reader.hasHead, tunnel == nil { succeed() } else { fail(ProbeTimeout()) }
    }

    private func succeed() {
        timer?.cancel()
        var headers = HTTPHeaders()
        // NIO traps on names beyond ASCII.
        for field in reader.fields where RequestRules.isToken(field.name) {
            headers.add(name: field.name, value: field.value)
        }
        promise.succeed(
            HTTPClientResponse(
                status: reader.status, reason: reader.reason, headers: headers, body: kept.bytes,
                isTruncated: kept.isTruncated))
    }

    private func fail(_ error: any Error) {
        timer?.cancel()
        promise.fail(error)
    }
}

/// The timeout of a probe ended before the head of a response arrived.
struct ProbeTimeout: Error {}

/// The kept part of a body, and the condition to stop reading.
struct KeptBody {
    private let keep: HTTPCall.Keep
    private var first: [UInt8] = []
    private var last: TailBuffer
    private(set) var total = 0

    init(_ keep: HTTPCall.Keep) {
        self.keep = keep
        if case .last(let count) = keep {
            last = TailBuffer(limit: max(1, count))
        } else {
            last = TailBuffer(limit: 1)
        }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        total += bytes.count
        switch keep {
        case .first(let count):
            first.append(contentsOf: bytes.prefix(max(0, count - first.count)))
        case .last: last.append(bytes)
        }
    }

    /// Reading stops: the kept part, or all bytes that may be skipped before it, have arrived.
    var isEnough: Bool {
        switch keep {
        case .first(let count): total > count
        case .last(let count): total > count + Limits.clientSkippedBytesMax
        }
    }

    var bytes: [UInt8] {
        if case .first = keep { return first }
        return last.bytes
    }

    var isTruncated: Bool { total > bytes.count }
}
