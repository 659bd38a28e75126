import NIOCore
import NIOTLS
import Platform
import Primitives
import Telemetry

/// One client's connection: requests in, answers out in their order. All of it on its loop.
///
/// A request waits as a `Slot` until it is answered; nothing else of it is kept. While too many
/// wait, or the client leaves answers unread, the socket is not read.
final class HTTPConnection: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Never
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum Answer {
        case none
        indirect case whole(HTTPResponse)
        case stream(StreamedAnswer)
    }

    /// Small, since every request is one for a moment: what few have stands in an object.
    struct Slot {
        var isHead: Bool
        var isSafe: Bool
        var isOldClient: Bool
        var keepsAlive: Bool
        var takesGzip: Bool
        var answer = Answer.none
        var further: Further?
        var onClose: (@Sendable () -> Void)?
        /// Told how long the answer took.
        var timing: Timing?
        var timedSince = Instant.zero
    }

    final class Further {
        /// Added to the answer.
        var headers: [(name: String, value: String)] = []
        var onAnswer: (@Sendable () -> Void)?
    }

    final class StreamedAnswer {
        let head: HTTPResponse
        let writer: HTTPStreamWriter
        /// Kept until the stream is first in line.
        var parts: [[UInt8]]
        var isBegun = false
        var isOver = false

        init(_ head: HTTPResponse, _ writer: HTTPStreamWriter) {
            self.head = head
            self.writer = writer
            parts = head.body.isEmpty ? [] : [head.body]
        }
    }

    enum Reading {
        case head
        case body(RequestHead, limit: Int)
        /// Refused or closing: what still arrives is thrown away.
        case discarding
    }

    let eventLoop: any EventLoop
    let server: ServerCore
    let loopState: HTTPLoopState
    let peer: HTTPPeer
    let refusal: ConnectionCounts.Admission
    /// Whether its listener is on a loopback address; nil on a unix socket.
    private let onLoopback: Bool?
    /// The last `Host` that the handler accepted.
    private var acceptedHost: [UInt8]?
    /// A request behind others that it must not overtake: it waits until they are answered.
    private var held: (head: RequestHead, body: [UInt8], file: BodyFile?)?
    var context: ChannelHandlerContext?
    var slots: [Slot] = []
    var firstID: UInt64 = 0
    var reading = Reading.head
    var body: [UInt8] = []
    /// The body that is being read, where it goes to the disk; and whether a piece is on its way.
    var incomingFile: IncomingBodyFile?
    var isSpooling = false
    private var parser: RequestParser
    /// Bytes not yet parsed: the beginning of something, or, while too many requests wait, at most
    /// what one more read of the socket held.
    private var input = ByteBuffer()
    private var isProcessing = false
    private var isInRead = false
    private var needsFlush = false
    private var awaitsTurn = false
    private var wantsRead = false
    var owesContinue = false
    private var discarded = 0
    private var deadline: NIODeadline
    /// When the body that is being read must have come, even by drops.
    private var bodyEnd = NIODeadline.distantFuture
    private var isWritable = true
    /// What the client had not taken at the last look; nil while that is not watched.
    private var unsent: Int?
    var isClosing = false
    private var isAdded = false

    init(
        _ server: ServerCore, _ loopState: HTTPLoopState, _ peer: HTTPPeer,
        _ refusal: ConnectionCounts.Admission, onLoopback: Bool?
    ) {
        self.onLoopback = onLoopback
        self.server = server
        self.loopState = loopState
        self.peer = peer
        self.refusal = refusal
        eventLoop = loopState.eventLoop
        parser = RequestParser(headBytesMax: server.limits.headerBytes)
        let wait = server.usesTLS ? server.limits.handshakeTimeout : server.limits.headerTimeout
        deadline = .now() + .nanoseconds(wait.nanoseconds)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loopState.connections[ObjectIdentifier(self)] = self
        isAdded = true
    }

    func handlerRemoved(context: ChannelHandlerContext) { gone() }
    func channelInactive(context: ChannelHandlerContext) { gone() }

    func channelActive(context: ChannelHandlerContext) {
        if refusal != .admitted { server.refuse(self, refusal) }
    }

    private func gone() {
        guard isAdded else { return }
        isAdded = false
        context = nil
        loopState.connections[ObjectIdentifier(self)] = nil
        server.connectionEnded(peer, refusal)
        let waiting = slots
        slots = []
        held = nil
        firstID += UInt64(waiting.count)
        input = ByteBuffer()
        incomingFile = nil
        for slot in waiting {
            if case .stream(let stream) = slot.answer { stream.writer.close() }
            slot.onClose?()
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInRead = true
        var bytes = unwrapInboundIn(data)
        switch reading {
        case .discarding:
            discarded += bytes.readableBytes
            if discarded > Limits.lingerBytesMax { close() }
            return
        case .body: setDeadline(server.limits.bodyTimeout, atMost: bodyEnd)
        case .head:
            if parser.isIdle && slots.isEmpty { setDeadline(server.limits.headerTimeout) }
        }
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.discardReadBytes()
            input.writeBuffer(&bytes)
        }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInRead = false
        flushInTurn()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { wantsRead = true }
    }

    private var mayProcess: Bool {
        slots.count < server.limits.pipelined && isWritable && held == nil && !isSpooling
    }
    /// What the parser could go on with is parsed before more is read.
    private var mayRead: Bool { mayProcess }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            if !isClosing { unsent = nil }
            restDeadline()
            processParked()
        } else {
            watchUnsent()
        }
    }

    /// A piece of a body is on the disk: go on behind it.
    func resume() {
        setDeadline(server.limits.bodyTimeout, atMost: bodyEnd)
        process()  // the end of the body needs no further bytes
        processParked()
    }

    private func processParked() {
        guard !isProcessing else { return }
        if input.readableBytes > 0 { process() }
        if wantsRead && mayRead, let context {
            wantsRead = false
            context.read()
        }
    }

    /// Parses as far as the bytes reach and as requests may wait.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while mayProcess {
            if case .discarding = reading { break }
            do throws(RequestFault) {
                guard let event = try parser.next(&input) else { break }
                process(event)
            } catch {
                refuse(error.response)
                break
            }
        }
        if case .discarding = reading { input.clear() }
        // An empty buffer holds on to nothing.
        if input.readableBytes == 0 { input = ByteBuffer() }
    }

    private func process(_ event: RequestParser.Event) {
        switch (event, reading) {
        case (.head(let head), .head): begin(head)
        case (.body(let count), .body(let head, let limit)):
            guard (incomingFile?.received ?? body.count) + count <= limit else {
                refuseBody(head, limit)
                return
            }
            if let incomingFile {
                return spool(input.readBytes(length: count) ?? [], incomingFile, head)
            }
            if body.isEmpty {
                body = input.readBytes(length: count) ?? []
            } else {
                body.append(contentsOf: input.readableBytesView.prefix(count))
                input.moveReaderIndex(forwardBy: count)
            }
        case (.end, .body(let head, _)):
            reading = .head
            owesContinue = false
            let (whole, file) = (body, incomingFile?.file)
            (body, incomingFile) = ([], nil)
            dispatch(head, whole, file)
        default: break  // discarding
        }
    }

    private func begin(_ head: RequestHead) {
        if !head.isOldClient && !head.hasHost {
            refuse(.text(400, "400 Bad Request: missing required Host header"), head)
            return
        }
        if let onLoopback, !isAccepted(head, onLoopback) { return }
        if head.body == .none { return dispatch(head, []) }
        var limit = 0
        if head.body != .sized(0) {
            limit = server.limits.bodyBytes(head.method, head.path)
            if case .sized(let declared) = head.body {
                guard declared <= limit else {
                    refuseBody(head, limit)
                    return
                }
                if declared > input.readableBytes, limit <= Limits.bodyBytesInMemory {
                    body.reserveCapacity(min(declared, 64 * 1024))
                }
            }
            if limit > Limits.bodyBytesInMemory, let rules = server.limits.bodyFile(head.path) {
                guard let place = BodyFilePlace(server.bodyFiles) else {
                    refuse(.text(429, "Too many large bodies are being received"), head)
                    return
                }
                incomingFile = IncomingBodyFile(rules, place)
            }
            if head.expectsContinue {
                owesContinue = true
                sendContinueIfOwed()
            }
        }
        reading = .body(head, limit: limit)
        bodyEnd = loopState.now + .nanoseconds(server.limits.bodyTotalTimeout.nanoseconds)
        setDeadline(server.limits.bodyTimeout, atMost: bodyEnd)
    }

    /// Asks the handler about a `Host` that differs from the one it accepted last.
    private func isAccepted(_ head: RequestHead, _ onLoopback: Bool) -> Bool {
        if let acceptedHost, head.fields.holds(acceptedHost, at: head.host) { return true }
        let host = head.fields.bytes(at: head.host)
        let text = String(decoding: host, as: UTF8.self)
        if let answer = server.handler.refusal(ofHost: text, onLoopback: onLoopback) {
            refuse(answer, head)
            return false
        }
        acceptedHost = host
        return true
    }

    /// Hands a request to the handler. Only safe ones run side by side: a request that changes
    /// something waits for those before it, and those after it wait for it.
    private func dispatch(_ head: RequestHead, _ body: [UInt8], _ file: BodyFile? = nil) {
        if !slots.isEmpty, !head.isSafe || !slots[0].isSafe {
            held = (head, body, file)
            return
        }
        let id = firstID + UInt64(slots.count)
        let slot = Slot(head, mayStay: !server.isStopping)
        if !slot.keepsAlive { reading = .discarding }
        slots.append(slot)
        restDeadline()
        server.handler.handle(
            HTTPRequest(
                method: head.method, uri: head.target, headers: head.fields, body: body,
                bodyFile: file, peer: peer, eventLoop: eventLoop),
            HTTPResponder(connection: self, id: id))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The handshake is done: now the time to the end of the first headers runs.
        if case .handshakeCompleted? = event as? TLSUserEvent {
            setDeadline(server.limits.headerTimeout)
        }
        // What is answered goes out; for what is not, nobody waits.
        if case .inputClosed? = event as? ChannelEvent {
            close()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Deadlines

    private func setDeadline(_ wait: GoDuration, atMost end: NIODeadline = .distantFuture) {
        deadline = min(loopState.now + .nanoseconds(wait.nanoseconds), end)
    }

    /// The deadline that fits what the connection does now.
    func restDeadline() {
        if unsent != nil { return }
        if isClosing {
            setDeadline(Limits.lingerTimeout)
        } else if !slots.isEmpty {
            deadline = .distantFuture  // the handler's time, not the client's
        } else if case .head = reading {
            setDeadline(parser.isIdle ? server.limits.idleTimeout : server.limits.headerTimeout)
        }
    }

    func checkDeadline(_ now: NIODeadline) {
        guard now >= deadline else { return }
        if isClosing || !isWritable {
            let before = unsent ?? .max
            watchUnsent()
            if let left = unsent, left > 0 && left < before { return }  // slow, but it reads
        }
        close()
    }

    private func watchUnsent() {
        unsent = context.map { Unsent.bytes(of: $0.channel) }
        setDeadline(server.limits.writeStallTimeout)
    }

    /// Called when the server stops: nothing more is read; open requests are still answered.
    func beginStop() {
        if slots.isEmpty {
            if case .body = reading { return }
            close()
        }
    }

    // MARK: Writing

    func write(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(buffer), promise: promise)
        needsFlush = true
    }

    func flushIfNeeded() {
        guard needsFlush, !isInRead, let context else { return }
        needsFlush = false
        context.flush()
    }

    /// What was written goes out with all else that this turn of the loop writes. With TLS it goes
    /// at once: a client's end of TLS would overtake it.
    private func flushInTurn() {
        guard needsFlush, !isInRead, !awaitsTurn else { return }
        if server.usesTLS { return flushIfNeeded() }
        awaitsTurn = true
        loopState.flushSoon(self)
    }

    func takeTurn() {
        awaitsTurn = false
        flushIfNeeded()
    }

    /// Answers went out: read on.
    func proceed() {
        flushInTurn()
        if slots.isEmpty, let held {
            self.held = nil
            dispatch(held.head, held.body, held.file)
        }
        if slots.isEmpty {
            sendContinueIfOwed()
            restDeadline()
            if server.isStopping, case .head = reading { close() }
        }
        processParked()
    }

    private func sendContinueIfOwed() {
        guard owesContinue, slots.isEmpty else { return }
        owesContinue = false
        write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
        flushIfNeeded()
    }

    /// The last answer is written: end our side once it is out, and wait a little for the client
    /// to end its own. Closing with unread bytes would destroy the answer on its way.
    func closeAfterWrites() {
        guard !isClosing, let context else { return }
        isClosing = true
        reading = .discarding
        input = ByteBuffer()
        isInRead = false
        flushIfNeeded()
        watchUnsent()
        // Done when all before it is out.
        let ended = eventLoop.makePromise(of: Void.self)
        ended.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            guard let self else { return }
            unsent = nil
            restDeadline()
        }
        context.close(mode: .output, promise: ended)
        if wantsRead {
            wantsRead = false
            context.read()
        }
    }

    func close() {
        // What was answered may still wait for its turn.
        if needsFlush { context?.flush() }
        needsFlush = false
        context?.close(promise: nil)
    }
}
