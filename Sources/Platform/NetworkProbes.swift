import Glibc
package import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
package import Primitives

/// A connection that failed, in Go's words: `dial tcp 127.0.0.1:1: connect: connection refused`.
package struct NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package var isTimeout = false
    package var isRefused = false

    package init(_ description: String, isTimeout: Bool = false, isRefused: Bool = false) {
        self.description = description
        self.isTimeout = isTimeout
        self.isRefused = isRefused
    }

    /// Describes a failed dial.
    /// - Parameter address: `host:port`, or the path of a unix socket.
    package init(dialing network: String, _ address: String, _ error: any Error) {
        let prefix = "dial \(network) \(address): "
        switch error {
        case let error as NetworkError: self = error
        case let error as IOError:
            self.init(
                prefix + "connect: \(errnoText(error.errnoCode))",
                isTimeout: error.errnoCode == ETIMEDOUT,
                isRefused: error.errnoCode == ECONNREFUSED)
        case let error as NIOConnectionError:
            if let last = error.connectionErrors.last {
                self.init(dialing: network, address, last.error)
            } else if let cause = error.dnsAError ?? error.dnsAAAAError {
                let host = error.host
                self.init("dial \(network): lookup \(host): \(Self.lookupText(cause))")
            } else {
                self.init(prefix + "no address")
            }
        case ChannelError.connectTimeout: self.init(prefix + "i/o timeout", isTimeout: true)
        default: self.init(prefix + "\(error)")
        }
    }

    /// Returns Go's text for a failed lookup. NIO reports the code of getaddrinfo(3) as text only;
    /// -3 is `EAI_AGAIN`.
    private static func lookupText(_ error: any Error) -> String {
        let text = "\(error)"
        return text.contains("-3") ? "temporary failure in name resolution" : "no such host"
    }
}

/// Joins `host:port`, with IPv6 in brackets.
package func joinHostPort(_ host: String, _ port: Int) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
}

/// Connects to test whether a port accepts connections.
package enum TCPDial {
    /// Returns once connected (with TLS: once the handshake is done) and closes the connection at
    /// once. The timeout covers name lookup, connection and handshake.
    package static func connect(
        host: String, port: Int, timeout: GoDuration = Limits.dialTimeoutDefault,
        tls: TLSSettings? = nil, on group: any EventLoopGroup
    ) async throws(NetworkError) {
        let address = joinHostPort(host, port)
        let deadline = NIODeadline.now() + .nanoseconds(max(1, timeout.nanoseconds))
        do {
            let context = try tls?.clientContext()
            let name = tls?.serverName ?? host
            let loop = group.next()
            let handshake = loop.makePromise(of: Void.self)
            let timer = loop.scheduleTask(deadline: deadline) {
                handshake.fail(ChannelError.connectTimeout(.nanoseconds(timeout.nanoseconds)))
            }
            let dial = ClientBootstrap(group: loop)
                .connectTimeout(.nanoseconds(max(1, timeout.nanoseconds)))
                .channelInitializer { channel in
                    guard let context else { return loop.makeSucceededVoidFuture() }
                    return loop.makeCompletedFuture {
                        let isName = HostAddresses.bytes(of: name) == nil
                        try channel.pipeline.syncOperations.addHandlers(
                            NIOSSLClientHandler(
                                context: context, serverHostname: isName ? name : nil),
                            HandshakeWatch(handshake))
                    }
                }
                .connect(host: host, port: port)
            dial.whenComplete { result in
                switch result {
                case .success(let channel):
                    if context == nil { handshake.succeed() }
                    handshake.futureResult.whenComplete { _ in channel.close(promise: nil) }
                case .failure(let error): handshake.fail(error)
                }
            }
            defer { timer.cancel() }
            try await withTaskCancellationHandler {
                try await handshake.futureResult.get()
            } onCancel: {
                handshake.fail(CancellationError())
            }
        } catch {
            throw NetworkError(dialing: "tcp", address, error)
        }
    }
}

/// Reports the end of the TLS handshake.
private final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = Any
    private let handshake: EventLoopPromise<Void>

    init(_ handshake: EventLoopPromise<Void>) { self.handshake = handshake }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { handshake.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { handshake.fail(error) }
    func channelInactive(context: ChannelHandlerContext) { handshake.fail(ChannelError.eof) }
}

/// Sends a datagram and waits for the answer.
package enum UDPProbe {
    package enum Answer: Hashable, Sendable {
        case reply([UInt8])
        /// The host reported that the port is closed.
        case refused
        case timedOut
    }

    /// Exchanges datagrams. Throws when the name does not resolve or the datagram cannot be sent.
    package static func exchange(
        host: String, port: Int, payload: [UInt8], timeout: GoDuration,
        on group: any EventLoopGroup
    ) async throws(NetworkError) -> Answer {
        let address = joinHostPort(host, port)
        let loop = group.next()
        let answer = loop.makePromise(of: Answer.self)
        let timer = loop.scheduleTask(in: .nanoseconds(max(1, timeout.nanoseconds))) {
            answer.succeed(.timedOut)
        }
        defer { timer.cancel() }
        do {
            let remote = try await resolve(host, port, on: loop)
            let any = remote.protocol == .inet6 ? "::" : "0.0.0.0"
            let channel = try await DatagramBootstrap(group: loop)
                .channelOption(.recvAllocator, value: DatagramRoom.allocator)
                .channelInitializer { channel in
                    loop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramWatch(answer))
                    }
                }
                .bind(host: any, port: 0).get()
            answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
            do {
                try await channel.connect(to: remote).get()
                let envelope = AddressedEnvelope(
                    remoteAddress: remote, data: ByteBuffer(bytes: payload))
                try await channel.writeAndFlush(envelope).get()
            } catch {
                answer.fail(error)
            }
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.fail(CancellationError())
            }
        } catch {
            answer.fail(error)
            if (error as? IOError)?.errnoCode == ECONNREFUSED { return .refused }
            throw NetworkError(dialing: "udp", address, error)
        }
    }

    /// Resolves a name on the pool for blocking calls, as NIO does for TCP.
    package static func resolve(
        _ host: String, _ port: Int, on loop: any EventLoop
    ) async throws -> SocketAddress {
        if let address = try? SocketAddress(ipAddress: host, port: port) { return address }
        return try await NIOThreadPool.singleton.runIfActive {
            do {
                return try SocketAddress.makeAddressResolvingHost(host, port: port)
            } catch {
                throw NetworkError("dial udp: lookup \(host): no such host")
            }
        }
    }
}

private enum DatagramRoom {
    static let allocator = FixedSizeRecvByteBufferAllocator(capacity: Limits.datagramBytesMax)
}

private final class DatagramWatch: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let answer: EventLoopPromise<UDPProbe.Answer>

    init(_ answer: EventLoopPromise<UDPProbe.Answer>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer.succeed(.reply(Array(unwrapInboundIn(data).data.readableBytesView)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if (error as? IOError)?.errnoCode == ECONNREFUSED {
            answer.succeed(.refused)
        } else {
            answer.fail(error)
        }
    }
}
