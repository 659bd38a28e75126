import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Platform

extension DNSCore {
    /// Binds one listener: over UDP a socket for each loop.
    func listen(
        _ listener: DNSListener, on group: any EventLoopGroup
    ) async throws(ConsulDNSError) -> [OpenListener] {
        let isTLS = listener.transport == .tls
        let stream = try await listenTCP(listener, group)
        let bound = OpenListener(network: isTLS ? "tls" : "tcp", channel: stream)
        if isTLS { return [bound] }
        let chosen = stream.localAddress?.port ?? listener.port
        do throws(ConsulDNSError) {
            let datagrams = try await listenUDP(listener.host, chosen, group)
            return [bound] + datagrams.map { OpenListener(network: "udp", channel: $0) }
        } catch {
            try? await stream.close()
            throw error
        }
    }

    private func listenTCP(
        _ listener: DNSListener, _ group: any EventLoopGroup
    ) async throws(ConsulDNSError) -> any Channel {
        let isTLS = listener.transport == .tls
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                // The client's last question is answered after it has closed its side. TLS sends a
                // closure message for that.
                .childChannelOption(.allowRemoteHalfClosure, value: !isTLS)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try self.accept(channel, isTLS) }
                }
                .bind(host: listener.host, port: listener.port).get()
        } catch {
            throw failure(isTLS ? "tls" : "tcp", listener.host, listener.port, error)
        }
    }

    private func accept(_ channel: any Channel, _ isTLS: Bool) throws {
        let client = channel.remoteAddress?.ipAddress ?? ""
        guard admit(client) else { throw ChannelError.ioOnClosedChannel }
        let pipeline = channel.pipeline.syncOperations
        // Added first, so that the connection's end is noticed from here on. Its timer also bounds
        // the handshake.
        try pipeline.addHandler(TCPHandler(self, of: client, on: channel.eventLoop))
        guard isTLS else { return }
        guard let context = currentTLS else { throw ChannelError.ioOnClosedChannel }
        try pipeline.addHandler(NIOSSLServerHandler(context: context), position: .first)
    }

    /// Binds one socket for each loop on the same port: the kernel distributes the clients. The TCP
    /// listener has the port already, so that no other agent can share it by mistake.
    private func listenUDP(
        _ host: String, _ port: Int, _ group: any EventLoopGroup
    ) async throws(ConsulDNSError) -> [any Channel] {
        var channels: [any Channel] = []
        do {
            for loop in Array(group.makeIterator()) {
                channels.append(
                    try await DatagramBootstrap(group: loop)
                        .channelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
                        .channelOption(.socketOption(.so_rcvbuf), value: Limits.receiveBufferBytes)
                        .channelOption(
                            .datagramVectorReadMessageCount, value: Limits.datagramsPerRead
                        )
                        .channelOption(
                            .recvAllocator,
                            value: FixedSizeRecvByteBufferAllocator(
                                capacity: Limits.datagramsPerRead * Limits.questionBytesMax)
                        )
                        .channelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(
                                    UDPHandler(self, on: channel.eventLoop))
                            }
                        }
                        .bind(host: host, port: port).get())
            }
            return channels
        } catch {
            for channel in channels { try? await channel.close() }
            throw failure("udp", host, port, error)
        }
    }

    private func failure(
        _ network: String, _ host: String, _ port: Int, _ error: any Error
    ) -> ConsulDNSError {
        let reason = (error as? IOError).map { errnoText($0.errnoCode) } ?? "\(error)"
        return .listen(network: network, address: joinHostPort(host, port), reason: reason)
    }
}
