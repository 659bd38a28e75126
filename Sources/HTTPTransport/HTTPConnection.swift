import NIOCore
import NIOHTTP1
import Platform
import Primitives

/// One client's connection: requests in, answers out in their order. All of it on its loop.
///
/// A request waits as a `Slot` until it is answered; nothing else of it is kept. While too many
/// wait, or the client leaves answers unread, the socket is not read.
final class HTTPConnection: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = Never
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum Answer {
        case none
        case whole(HTTPResponse)
        /// Parts are kept here until the stream is first in line.
        case stream(HTTPResponse, HTTPStreamWriter, parts: [[UInt8]], isBegun: Bool, isOver: Bool)
    }

    struct Slot {
        var isHead: Bool
        var isOldClient: Bool
        var keepsAlive: Bool
        var takesGzip: Bool
        var answer = Answer.none
        /// Added to the answer; mostly none.
        var headers: [(name: String, value: String)] = []
        var onClose: (@Sendable () -> Void)?
        var onAnswer: (@Sendable () -> Void)?
    }

    enum Reading {
        case head
        case body(HTTPRequestHead, limit: Int)
        /// Refused or closing: what still arrives is thrown away.
        case discarding
    }

    let eventLoop: any EventLoop
    let server: ServerCore
    let loopState: HTTPLoopState
    let peer: HTTPPeer
    let refusal: ConnectionCounts.Admission
    var context: ChannelHandlerContext?
    var slots: [Slot] = []
    var firstID: UInt64 = 0
    var reading = Reading.head
    var body: [UInt8] = []
    /// Parts parsed while too many requests waited: at most what one read of the socket held.
    private var parked = CircularBuffer<HTTPServerRequestPart>(initialCapacity: 0)
    private var isProcessing = false
    private var isInRead = false
    private var needsFlush = false
    private var wantsRead = false
    var owesContinue = false
    private var headerBytes = 0
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
        _ refusal: ConnectionCounts.Admission
    ) {
        self.server = server
        self.loopState = loopState
        self.peer = peer
        self.refusal = refusal
        eventLoop = loopState.eventLoop
        deadline = .now() + .nanoseconds(server.limits.headerTimeout.nanoseconds)
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
        firstID += UInt64(waiting.count)
        parked.removeAll()
        for slot in waiting {
            if case .stream(_, let writer, _, _, _) = slot.answer { writer.close() }
            slot.onClose?()
        }
    }

    // MARK: Reading

    /// Called before bytes reach the parser. False: throw them away.
    func allows(_ count: Int) -> Bool {
        switch reading {
        case .discarding:
            discarded += count
            if discarded > Limits.lingerBytesMax { close() }
            return false
        case .body:
            setDeadline(server.limits.bodyTimeout, atMost: bodyEnd)
            return true
        case .head:
            if headerBytes == 0 && slots.isEmpty { setDeadline(server.limits.headerTimeout) }
            headerBytes += count
            if headerBytes > max(server.limits.headerBytes, 64 * 1024) + 64 * 1024 {
                refuse(.text(431, "431 Request Header Fields Too Large"))
                return false
            }
            return true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInRead = true
        let part = unwrapInboundIn(data)
        if mayProcess && parked.isEmpty && !isProcessing {
            isProcessing = true
            process(part)
            isProcessing = false
            if !parked.isEmpty { processParked() }
        } else if case .discarding = reading {
            return
        } else {
            parked.append(part)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInRead = false
        flushIfNeeded()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { wantsRead = true }
    }

    private var mayProcess: Bool { slots.count < server.limits.pipelined && isWritable }
    private var mayRead: Bool { mayProcess && parked.isEmpty }

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

    private func processParked() {
        guard !isProcessing else { return }
        isProcessing = true
        while mayProcess, let part = parked.popFirst() { process(part) }
        isProcessing = false
        if parked.isEmpty && parked.capacity > 64 { parked = CircularBuffer(initialCapacity: 0) }
        if wantsRead && mayRead, let context {
            wantsRead = false
            context.read()
        }
    }

    private func process(_ part: HTTPServerRequestPart) {
        switch (part, reading) {
        case (.head(let head), .head): begin(head)
        case (.body(let buffer), .body(let head, let limit)):
            guard body.count + buffer.readableBytes <= limit else {
                refuseBody(head, limit)
                return
            }
            body.append(contentsOf: buffer.readableBytesView)
        case (.end, .body(let head, _)):
            reading = .head
            headerBytes = 0
            owesContinue = false
            let whole = body
            body = []
            dispatch(head, whole)
        default: break  // discarding
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        if head.uri.utf8.count > server.limits.headerBytes {
            refuse(.text(431, "431 Request Header Fields Too Large"), head)
            return
        }
        if head.version == .http1_1 && !head.headers.contains(name: "Host") {
            refuse(.text(400, "400 Bad Request: missing required Host header"), head)
            return
        }
        var limit = 0
        if head.hasBody {
            limit = server.limits.bodyBytes(head.method.rawValue, Self.path(head))
            if let length = head.headers.first(name: "Content-Length") {
                guard let declared = Int(length) else {  // 2^63 and more
                    refuse(.text(400, "400 Bad Request"), head)
                    return
                }
                guard declared <= limit else {
                    refuseBody(head, limit)
                    return
                }
                body.reserveCapacity(min(declared, 64 * 1024))
            }
            if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
                owesContinue = true
                sendContinueIfOwed()
            }
        }
        reading = .body(head, limit: limit)
        bodyEnd = loopState.now + .nanoseconds(server.limits.bodyTotalTimeout.nanoseconds)
        setDeadline(server.limits.bodyTimeout, atMost: bodyEnd)
    }

    static func path(_ head: HTTPRequestHead) -> Substring {
        head.uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { head.uri[..<$0] } ?? head.uri[...]
    }

    private func dispatch(_ head: HTTPRequestHead, _ body: [UInt8]) {
        let id = firstID + UInt64(slots.count)
        let slot = Slot(head, mayStay: !server.isStopping)
        if !slot.keepsAlive { reading = .discarding }
        slots.append(slot)
        restDeadline()
        server.handler.handle(
            HTTPRequest(
                method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body,
                peer: peer, eventLoop: eventLoop),
            HTTPResponder(connection: self, id: id))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.close(promise: nil)
            return
        }
        if case .discarding = reading { return }
        switch error {
        case .headerOverflow: refuse(.text(431, "431 Request Header Fields Too Large"))
        default: refuse(.text(400, "400 Bad Request"))
        }
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
            setDeadline(headerBytes > 0 ? server.limits.headerTimeout : server.limits.idleTimeout)
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

    /// Answers went out: read on.
    func proceed() {
        flushIfNeeded()
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
        parked.removeAll()
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

    func close() { context?.close(promise: nil) }
}
