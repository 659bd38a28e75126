import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives
import Telemetry

/// Sends lines over UDP.
final class DatagramSender: LineSender {
    private let link: Link<SocketAddress?>

    init(_ address: String, on group: any EventLoopGroup, logger: Logger) {
        link = Link(address, on: group, logger: logger, nil)
        connect()
    }

    func send(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let now = SystemClock.now()
        let (channel, remote, isDue) = link.with { state in
            if let channel = state.channel, channel.isWritable {
                return (channel as (any Channel)?, state.rest, false)
            }
            state.drop(lines.count)
            return (nil, nil, state.isDue(now))
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
        guard link.begin() else { return }
        Task { [link] in
            do {
                guard let (host, port) = hostAndPort(link.address) else {
                    throw NetworkError("\(link.address) is no host:port")
                }
                let remote = try await UDPProbe.resolve(host, port, on: link.loop)
                let any = remote.protocol == .inet6 ? "::" : "0.0.0.0"
                let channel = try await DatagramBootstrap(group: link.loop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(ErrorIgnorer())
                        }
                    }
                    .bind(host: any, port: 0).get()
                let isOpen: Void? = link.connected(channel) { $0 = remote }
                if isOpen == nil { try? await channel.close() }
            } catch {
                link.failed(error)
            }
        }
    }

    func close() async { await link.close() }
}

/// Ignores errors: an absent receiver is no reason to stop sending.
private final class ErrorIgnorer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
