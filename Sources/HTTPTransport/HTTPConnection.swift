import NIOCore
import NIOTLS
import Platform
import Primitives
import Telemetry

/// One client's connection: reads requests and writes answers in their order. Confined to its loop.
///
/// A pending request is a `Slot`; nothing else of it is kept. While too many are pending, or the
/// client leaves answers unread, the socket is not read.
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

    /// Small, because every request has one; rarely used fields are in an object.
    struct Slot {
        var isHead: Bool
        var isSafe: Bool
        var isHTTP10: Bool
        var keepsAlive: Bool
        var takesGzip: Bool
        var answer = Answer.none
        var extras: Extras?
        var onClose: (@Sendable () -> Void)?
        /// Records the duration of the answer.
        var timing: Timing?
        var timedSince = Instant.zero
    }

    final class Extras {
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
        /// Refused or closing: further bytes are discarded.
        case discarding
    }

    let eventLoop: any EventLoop
    let server: ServerCore
    let loopState: HTTPLoopState
    let peer: HTTPPeer
    let admission: ConnectionCounts.Admission
    /// Whether its listener is on a loopback address; nil on a unix socket.
    private let onLoopback: Bool?
    /// The last `Host` that the handler accepted.
    private var acceptedHost: [UInt8]?
    /// A request that must not overtake the pending ones: it waits until they are answered.
    private var deferred: (head: RequestHead, body: [UInt8], file: BodyFile?)?
    var context: ChannelHandlerContext?
    var slots: [Slot] = []
    var firstID: UInt64 = 0
    var reading = Reading.head
    var body: [UInt8] = []
    /// The body that is being received into a file, and whether a write is pending.
    var incomingFile: IncomingBodyFile?
    var isSpooling = false
    private var parser: RequestParser
    /// Unparsed bytes: an incomplete part, or, while too many requests are pending, at most the
    /// bytes of one more read of the socket.
    private var input = ByteBuffer()
    private var isProcessing = false
    private var isInRead = false
    private var needsFlush = false
    private var awaitsTurn = false
    private var wantsRead = false
    var owesContinue = false
    private var discarded = 0
    private var deadline: NIODeadline
    /// The deadline of the body that is being read, however slowly it arrives.
    private var bodyEnd = NIODeadline.distantFuture
    private var isWritable = true
    /// The unreceived bytes at the last sweep; nil while they are not watched.
    private var unsent: Int?
    var isClosing = false
    private var isAdded = false

    init(
        _ server: ServerCore, _ loopState: HTTPLoopState, _ peer: HTTPPeer,
        _ admission: ConnectionCounts.Admission, onLoopback: Bool?
    ) {
        self.onLoopback = onLoopback
        self.server = server
        self.loopState = loopState
        self.peer = peer
        self.admission = admission
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
        if admission != .admitted { server.refuse(self, admission) }
    }

    private func gone() {
        guard isAdded else { return }
        isAdded = false
        context = nil
        loopState.connections[ObjectIdentifier(self)] = nil
        server.connectionEnded(peer, admission)
        let waiting = slots
        slots = []
        deferred = nil
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
        slots.count < server.limits.pipelined && isWritable && deferred == nil && !isSpooling
    }
    /// Parses buffered bytes before it reads more.
    private var mayRead: Bool { mayProcess }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            if !isClosing { unsent = nil }
            rearmDeadline()
            parseBuffered()
        } else {
            watchUnsent()
        }
    }

    /// Continues after a piece of a body was written to its file.
    func resume() {
        setDeadline(server.limits.bodyTimeout, atMost: bodyEnd)
        process()  // the end of the body needs no further bytes
        parseBuffered()
    }

    private func parseBuffered() {
        guard !isProcessing else { return }
        if input.readableBytes > 0 { process() }
        if wantsRead && mayRead, let context {
            wantsRead = false
            context.read()
        }
    }

    /// Parses as many requests as are complete and may be pending.
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
        // Releases the memory of an empty buffer.
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
        if !head.isHTTP10 && !head.hasHost {
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
                guard let position = BodyFilePlace(server.bodyFiles) else {
                    refuse(.text(429, "Too many large bodies are being received"), head)
                    return
                }
                incomingFile = IncomingBodyFile(rules, position)
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

    /// Calls the handler's check for a `Host` that differs from the last accepted one.
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

    /// Passes a request to the handler. Only safe ones run concurrently: a request that changes
    /// something waits for those before it, and those after it wait for it.
    private func dispatch(_ head: RequestHead, _ body: [UInt8], _ file: BodyFile? = nil) {
        if !slots.isEmpty, !head.isSafe || !slots[0].isSafe {
            deferred = (head, body, file)
            return
        }
        let id = firstID + UInt64(slots.count)
        let slot = Slot(head, mayStay: !server.isStopping)
        if !slot.keepsAlive { reading = .discarding }
        slots.append(slot)
        rearmDeadline()
        server.handler.handle(
            HTTPRequest(
                method: head.method, uri: head.target, headers: head.fields, body: body,
                bodyFile: file, peer: peer, eventLoop: eventLoop),
            HTTPResponder(connection: self, id: id))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The handshake is done: the timeout of the first headers begins.
        if case .handshakeCompleted? = event as? TLSUserEvent {
            setDeadline(server.limits.headerTimeout)
        }
        // Flushes answered requests; pending ones are dropped.
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

    /// Sets the deadline for the connection's present activity.
    func rearmDeadline() {
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

    /// Stops reading, when the server stops; open requests are still answered.
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

    /// Schedules a flush with everything else that this turn of the loop writes. With TLS it
    /// flushes at once: a client's closure of TLS would overtake it.
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

    /// Continues reading after answers were sent.
    func proceed() {
        flushInTurn()
        if slots.isEmpty, let deferred {
            self.deferred = nil
            dispatch(deferred.head, deferred.body, deferred.file)
        }
        if slots.isEmpty {
            sendContinueIfOwed()
            rearmDeadline()
            if server.isStopping, case .head = reading { close() }
        }
        parseBuffered()
    }

    private func sendContinueIfOwed() {
        guard owesContinue, slots.isEmpty else { return }
        owesContinue = false
        write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
        flushIfNeeded()
    }

    /// Closes our side once the last answer is sent, and waits for the client to close its own.
    /// Closing with unread bytes would discard the answer in transit.
    func closeAfterWrites() {
        guard !isClosing, let context else { return }
        isClosing = true
        reading = .discarding
        input = ByteBuffer()
        isInRead = false
        flushIfNeeded()
        watchUnsent()
        // Completes when everything before it is sent.
        let ended = eventLoop.makePromise(of: Void.self)
        ended.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            guard let self else { return }
            unsent = nil
            rearmDeadline()
        }
        context.close(mode: .output, promise: ended)
        if wantsRead {
            wantsRead = false
            context.read()
        }
    }

    func close() {
        // Answers may still wait for their turn.
        if needsFlush { context?.flush() }
        needsFlush = false
        context?.close(promise: nil)
    }
}
