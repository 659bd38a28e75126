import NIOCore
import NIOPosix
import Synchronization

/// A relay to an agent that can be cut: its connections end, and it accepts no new ones.
final class TCPRelay: Sendable {
    /// Both ends of the open connections.
    private final class Links: Sendable {
        private let state = Mutex((channels: [any Channel](), isCut: false))

        func add(_ channel: any Channel) {
            let isCut = state.withLock { state in
                if !state.isCut { state.channels.append(channel) }
                return state.isCut
            }
            if isCut { channel.close(promise: nil) }
        }

        func cut() {
            let channels = state.withLock { state in
                defer { state = ([], true) }
                return state.channels
            }
            for channel in channels { channel.close(promise: nil) }
        }
    }

    let port: Int
    private let listener: any Channel
    private let links: Links

    init(to port: Int) async throws {
        let links = Links()
        self.links = links
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(ChannelOptions.autoRead, value: false)
            .childChannelInitializer { near in
                links.add(near)
                return ClientBootstrap(group: near.eventLoop)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { far in
                        links.add(far)
                        try near.pipeline.syncOperations.addHandler(Pass(to: far))
                        try far.pipeline.syncOperations.addHandler(Pass(to: near))
                    }
                    .flatMap { near.setOption(ChannelOptions.autoRead, value: true) }
            }.bind(host: "127.0.0.1", port: 0).get()
        self.port = listener.localAddress?.port ?? 0
    }

    /// Cuts the relay permanently.
    func cut() async {
        try? await listener.close()
        links.cut()
    }
}

/// Forwards the received bytes, and their end.
private final class Pass: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let other: any Channel

    init(to other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
