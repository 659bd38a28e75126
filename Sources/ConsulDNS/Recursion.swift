import DNSWire
import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives
import Synchronization

/// Another DNS server, which resolves names outside of the domain.
struct Recursor: Hashable, Sendable, CustomStringConvertible {
    let address: SocketAddress

    /// Parses `8.8.8.8`, `8.8.8.8:5353`, `2001:db8::1`, `[2001:db8::1]:53`; returns nil for
    /// anything else.
    init?(_ text: String) {
        var host = text
        var port = 53
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            let behind = text[text.index(after: end)...]
            if !behind.isEmpty {
                guard behind.hasPrefix(":"), let number = Int(behind.dropFirst()) else {
                    return nil
                }
                port = number
            }
        } else if text.filter({ $0 == ":" }).count == 1, let colon = text.firstIndex(of: ":") {
            guard let number = Int(text[text.index(after: colon)...]) else { return nil }
            host = String(text[..<colon])
            port = number
        }
        guard IPAddress(host) != nil, (1...65535).contains(port),
            let address = try? SocketAddress(ipAddress: host, port: port)
        else { return nil }
        self.address = address
    }

    var description: String { joinHostPort(address.ipAddress ?? "", address.port ?? 0) }
}

/// Queries recursors, one after another.
final class Recursion: Sendable {
    private let group: any EventLoopGroup
    private let logger: Logger
    private let chance: Mutex<SeededRandom>
    private let running = Atomic<Int>(0)
    private let most: Int

    /// - Parameter most: the largest number of concurrent questions.
    init(
        on group: any EventLoopGroup, logger: Logger, random: SeededRandom,
        most: Int = Limits.recursionsMax
    ) {
        self.group = group
        self.logger = logger
        chance = Mutex(random)
        self.most = most
    }

    /// Forwards a client's question, and returns the first answer that says that the name exists,
    /// or that it does not; nil when no recursor gives one.
    func forward(_ query: DNSQuery, _ done: @escaping @Sendable ([UInt8]?) -> Void) {
        let call = Call(
            octets: query.octets, question: query.question, isTCP: query.isTCP,
            timeout: query.zone.rules.recursorTimeout)
        start(call, order(query.zone)) { octets in
            guard var octets else { return done(nil) }
            // Restores the identifier of the client's question.
            octets[0] = query.octets[0]
            octets[1] = query.octets[1]
            done(octets)
        }
    }

    /// Returns the recursors' address records of a name; none for an unknown name.
    func addresses(
        of name: DNSName, _ zone: Zone, _ done: @escaping @Sendable ([ResourceRecord]) -> Void
    ) {
        var question = DNSMessage(id: 0, flags: [.recursionDesired])
        question.questions = [DNSMessage.Question(name, .a)]
        var writer = MessageWriter()
        writer.write(question)
        let call = Call(
            octets: writer.bytes, question: question.questions[0], isTCP: false,
            timeout: zone.rules.recursorTimeout)
        start(call, order(zone)) { octets in
            let answer = octets.flatMap { try? DNSMessage($0) }
            done(answer?.answers ?? [])
        }
    }

    /// Returns the recursors in the order of their queries.
    private func order(_ zone: Zone) -> ArraySlice<Recursor> {
        guard zone.rules.recursorStrategy == .random else { return zone.recursors[...] }
        return chance.withLock { zone.recursors.shuffled(using: &$0) }[...]
    }

    /// Notifies a secondary that the zone has changed (RFC 1996), with retries.
    /// - Parameter done: receives whether the secondary acknowledged it.
    func notify(
        _ secondary: Recursor, _ message: DNSMessage, _ done: @escaping @Sendable (Bool) -> Void
    ) {
        var writer = MessageWriter()
        writer.write(message)
        let call = Call(
            octets: writer.bytes, question: message.questions[0], isTCP: false,
            timeout: Limits.notifyTimeout, isNotice: true)
        start(call, [Recursor](repeating: secondary, count: Limits.notifyAttemptsMax)[...]) {
            done($0 != nil)
        }
    }

    private struct Call: Sendable {
        var octets: [UInt8]
        let question: DNSMessage.Question
        let isTCP: Bool
        let timeout: GoDuration
        /// Sends a question to a secondary, which may not exist.
        var isNotice = false
    }

    private func start(
        _ call: Call, _ recursors: ArraySlice<Recursor>,
        _ done: @escaping @Sendable ([UInt8]?) -> Void
    ) {
        guard running.add(1, ordering: .relaxed).newValue <= most else {
            running.subtract(1, ordering: .relaxed)
            logger.warning("too many questions wait for recursors")
            return done(nil)
        }
        ask(call, recursors) { [self] octets in
            running.subtract(1, ordering: .relaxed)
            done(octets)
        }
    }

    private func ask(
        _ call: Call, _ recursors: ArraySlice<Recursor>,
        _ done: @escaping @Sendable ([UInt8]?) -> Void
    ) {
        guard let recursor = recursors.first else { return done(nil) }
        // Uses an unpredictable identifier and a separate port, so that others cannot forge the
        // answer.
        let id = UInt16(truncatingIfNeeded: chance.withLock { $0.next() })
        var call = call
        call.octets[0] = UInt8(id >> 8)
        call.octets[1] = UInt8(truncatingIfNeeded: id)
        let loop = group.next()
        let handler = RecursorHandler(
            octets: call.octets, question: call.question, isTCP: call.isTCP,
            promise: loop.makePromise(of: [UInt8].self))
        let timeout = loop.scheduleTask(in: .nanoseconds(call.timeout.nanoseconds)) {
            handler.fail(NetworkError("i/o timeout", isTimeout: true))
        }
        connect(handler, to: recursor, on: loop)
        handler.answer.whenComplete { [self, call] result in
            timeout.cancel()
            switch result {
            case .success(let octets):
                let code = octets[3] & 15
                let known = [ResponseCode.success, .nameError].map { $0.rawValue }
                if known.contains(UInt16(code)) { return done(octets) }
                logger.debug(
                    "recurse failed for question",
                    metadata: [
                        "question": "\(call.question.name)", "recursor": "\(recursor)",
                        "rcode": "\(ResponseCode(rawValue: UInt16(code)))",
                    ])
            case .failure(let error):
                logger.log(
                    level: call.isNotice ? .debug : .error,
                    call.isNotice ? "notice failed" : "recurse failed",
                    metadata: [
                        call.isNotice ? "secondary" : "recursor": "\(recursor)",
                        "error": "\(error)",
                    ])
            }
            ask(call, recursors.dropFirst(), done)
        }
    }

    private func connect(
        _ handler: RecursorHandler, to recursor: Recursor, on loop: any EventLoop
    ) {
        let connected: EventLoopFuture<any Channel>
        if handler.isTCP {
            connected = ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(to: recursor.address)
        } else {
            connected = DatagramBootstrap(group: loop)
                .channelOption(
                    .recvAllocator,
                    value: FixedSizeRecvByteBufferAllocator(
                        capacity: DNSWire.Limits.messageBytesMax)
                )
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(EnvelopeOpener(), handler)
                    }
                }
                .connect(to: recursor.address)
        }
        connected.whenComplete { result in
            switch result {
            case .failure(let error): handler.fail(error)
            case .success(let channel):
                handler.answer.whenComplete { _ in channel.close(promise: nil) }
            }
        }
    }
}

/// One question to one recursor. Used on its loop only.
final class RecursorHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let octets: [UInt8]
    private let question: DNSMessage.Question
    let isTCP: Bool
    private let promise: EventLoopPromise<[UInt8]>
    private var isDone = false
    private var received: [UInt8] = []

    init(
        octets: [UInt8], question: DNSMessage.Question, isTCP: Bool,
        promise: EventLoopPromise<[UInt8]>
    ) {
        self.octets = octets
        self.question = question
        self.isTCP = isTCP
        self.promise = promise
    }

    var answer: EventLoopFuture<[UInt8]> { promise.futureResult }

    func fail(_ error: any Error) {
        guard !isDone else { return }
        isDone = true
        promise.fail(error)
    }

    func channelActive(context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: octets.count + 2)
        if isTCP {
            buffer.writeInteger(UInt16(octets.count))
        }
        buffer.writeBytes(octets)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data).readableBytesView
        if isTCP {
            received.append(contentsOf: part)
            guard received.count >= 2 else { return }
            let length = Int(received[0]) << 8 | Int(received[1])
            guard received.count >= length + 2 else { return }
            if !take(Array(received[2..<length + 2])) {
                fail(NetworkError("an answer to another question"))
            }
        } else {
            // Ignores a message that does not match the question, which may be forged: the right
            // one may still arrive.
            _ = take(Array(part))
        }
    }

    private func take(_ answer: [UInt8]) -> Bool {
        guard !isDone, let header = DNSHeader(answer), answer[0] == octets[0],
            answer[1] == octets[1], header.flags.contains(.response),
            let message = try? DNSMessage(answer), let first = message.questions.first,
            message.questions.count == 1, first.type == question.type,
            first.questionClass == question.questionClass, first.name.isSame(as: question.name)
        else { return false }
        isDone = true
        promise.succeed(answer)
        return true
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(NetworkError("EOF"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }
}

/// Returns the octets of a datagram. The socket is connected: the kernel accepts only datagrams of
/// its peer.
final class EnvelopeOpener: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias InboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(wrapInboundOut(unwrapInboundIn(data).data))
    }
}
