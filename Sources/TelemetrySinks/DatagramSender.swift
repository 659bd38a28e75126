import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives
import Synchronization
import Telemetry

/// Lines over UDP.
final class DatagramSender: LineSender {
    private struct State {
        var channel: (any Channel)?
        var remote: SocketAddress?
        var isConnecting = false
        var complaints = Complaints()
        var isClosed = false
    }

    private let address: String
    private let loop: any EventLoop
    private let logger: Logger
    private let state = Mutex(State())

    init(_ address: String, on group: any EventLoopGroup, logger: Logger) {
        self.address = address
        loop = group.next()
        self.logger = logger
        connect()
    }

    func send(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let now = SystemClock.now()
        let (channel, remote, isDue) = state.withLock { state in
            if state.channel == nil || state.channel?.isWritable == false {
                state.complaints.drop(lines.count)
                let isDue = state.channel == nil && now >= state.complaints.retryAt
                return (nil as (any Channel)?, state.remote, isDue)
            }
            return (state.channel, state.remote, false)
        }
        if isDue { connect() }
        guard let channel, let remote else { return }
        for octets in LineEncoder.datagrams(lines) {
            channel.write(
                AddressedEnvelope(remoteAddress: remote, data: ByteBuffer(bytes: octets)),
                promise: nil)
        }
        channel.flush()
    }

    private func connect() {
        let mayBegin = state.withLock { state in
            defer { state.isConnecting = true }
            return !state.isConnecting && !state.isClosed
        }
        guard mayBegin else { return }
        Task { [self] in
            do {
                guard let (host, port) = hostAndPort(address) else {
                    throw NetworkError("\(address) is no host:port")
                }
                let remote = try await UDPProbe.resolve(host, port, on: loop)
                let any = remote.protocol == .inet6 ? "::" : "0.0.0.0"
                let channel = try await DatagramBootstrap(group: loop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(Deaf())
                        }
                    }
                    .bind(host: any, port: 0).get()
                let isUnwanted = state.withLock { state in
                    state.isConnecting = false
                    if !state.isClosed { (state.channel, state.remote) = (channel, remote) }
                    state.complaints.succeeded()
                    return state.isClosed
                }
                if isUnwanted { try? await channel.close() }
            } catch {
                let now = SystemClock.now()
                let sentence = state.withLock { state in
                    state.isConnecting = false
                    state.complaints.failed(at: now)
                    return state.complaints.sentence("cannot send to \(address): \(error)", at: now)
                }
                if let sentence { logger.warning(sentence) }
            }
        }
    }

    func close() async {
        let channel = state.withLock { state in
            state.isClosed = true
            defer { state.channel = nil }
            return state.channel
        }
        try? await channel?.close()
    }
}

/// A receiver that is not there is no reason to stop sending.
private final class Deaf: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
