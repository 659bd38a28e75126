internal import Memberlist
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Primitives
internal import Serf
internal import Telemetry

extension GossipLoop {
    // MARK: Streams that this node opens

    func open(
        _ stream: OutgoingStream, to address: TransportAddress, _ frame: [UInt8],
        _ deadline: Instant
    ) {
        guard outgoingCount < Limits.outgoingStreamsMax else {
            return fail(stream, "too many streams are open")
        }
        outgoingCount += 1
        setup.metrics.streamsOpened.increment()
        let wait = TimeAmount.nanoseconds(max(1, (deadline - SystemClock.now()).nanoseconds))
        let me = bound
        let bytes = codec.sealFrame(frame, nonce: Self.nonce)
        ClientBootstrap(group: loop)
            .connectTimeout(wait)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        OutgoingStreamHandler(me.value, stream, deadline))
                }
            }
            .connect(to: address.socketAddress)
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
                case .failure(let error):
                    me.value.outgoingCount -= 1
                    me.value.fail(
                        stream, "\(NetworkError(dialing: "tcp", "\(address)", error))")
                }
            }
    }

    func fail(_ stream: OutgoingStream, _ reason: String) {
        step(.gossip(.streamFailed(stream, reason: reason)))
    }

    // MARK: Streams that other nodes open

    /// Returns the number of an accepted connection; nil when it must be closed.
    func admit(_ channel: any Channel) -> IncomingStream? {
        guard !isStopped, incomingCount < Limits.incomingStreamsMax,
            let source = channel.remoteAddress.flatMap({ TransportAddress($0) }), isAllowed(source)
        else {
            log(
                MemberlistNote(
                    .warning, "stream.refused",
                    "memberlist: Refused stream connection from \(describe(channel))"))
            return nil
        }
        incomingCount += 1
        setup.metrics.streamsAccepted.increment()
        defer { nextIncoming += 1 }
        return nextIncoming
    }

    func describe(_ channel: any Channel) -> String {
        channel.remoteAddress.flatMap { TransportAddress($0) }.map { "\($0)" } ?? "unknown"
    }

    func receive(_ frame: [UInt8], on stream: IncomingStream, _ channel: any Channel) {
        guard let source = channel.remoteAddress.flatMap({ TransportAddress($0) }) else {
            return channel.close(promise: nil)
        }
        incoming[stream] = channel
        step(.gossip(.streamRequest(stream, frame, from: source)))
    }

    func reply(_ frame: [UInt8], on stream: IncomingStream) {
        guard let channel = incoming[stream] else { return }
        let bytes = codec.sealFrame(frame, nonce: Self.nonce)
        replies[stream] = channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Closes the stream once its reply is written: closing at once would cut off the rest of a
    /// large one.
    func closeStream(_ stream: IncomingStream) {
        guard let channel = incoming.removeValue(forKey: stream) else { return }
        guard let reply = replies.removeValue(forKey: stream) else {
            return channel.close(promise: nil)
        }
        reply.whenComplete { _ in channel.close(promise: nil) }
    }

    func forget(_ stream: IncomingStream) {
        incomingCount -= 1
        incoming[stream] = nil
        replies[stream] = nil
    }

    func refuse(_ fault: CodecFault, _ channel: any Channel) {
        log(
            MemberlistNote(
                .error, "stream.invalid", "memberlist: \(fault) from=\(describe(channel))"))
        let bytes = codec.errorFrame("\(fault)", nonce: Self.nonce)
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}

/// Collects the reply of a stream that this node opened, and reports it or its failure once.
final class OutgoingStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let owner: GossipLoop
    private let stream: OutgoingStream
    private var reader: FrameReader
    private let deadline: Instant
    private var timer: Scheduled<Void>?
    private var isDone = false

    init(
        _ owner: GossipLoop, _ stream: OutgoingStream, _ deadline: Instant
    ) {
        self.owner = owner
        self.stream = stream
        reader = FrameReader(owner.codec)
        self.deadline = deadline
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let wait = max(1, (deadline - SystemClock.now()).nanoseconds)
        timer = context.eventLoop.scheduleTask(in: .nanoseconds(wait)) {
            me.value.end(.failure(CodecFault("i/o timeout")), channel)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        do throws(CodecFault) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            if let frame = try reader.append(bytes) { end(.success(frame), context.channel) }
        } catch {
            end(.failure(error), context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.failure(CodecFault("EOF")), context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(CodecFault("\(error)")), context.channel)
    }

    private func end(_ result: Result<[UInt8], CodecFault>, _ channel: any Channel) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        owner.outgoingCount -= 1
        channel.close(promise: nil)
        switch result {
        case .success(let frame): owner.step(.gossip(.streamReply(stream, frame)))
        case .failure(let fault): owner.fail(stream, "\(fault)")
        }
    }
}

/// Collects the request of a stream that another node opened. The stream ends at the latest after
/// memberlist's timeout, however slowly the other side writes or reads.
final class IncomingStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let owner: GossipLoop
    private let stream: IncomingStream
    private var reader: FrameReader
    private var timer: Scheduled<Void>?
    private var isDone = false

    init(_ owner: GossipLoop, _ stream: IncomingStream) {
        self.owner = owner
        self.stream = stream
        reader = FrameReader(owner.codec)
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let wait = owner.setup.options.memberlist.streamTimeout.nanoseconds
        timer = context.eventLoop.scheduleTask(in: .nanoseconds(wait)) {
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        do throws(CodecFault) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            guard let frame = try reader.append(bytes) else { return }
            isDone = true
            owner.receive(frame, on: stream, context.channel)
        } catch {
            isDone = true
            owner.refuse(error, context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        owner.forget(stream)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
