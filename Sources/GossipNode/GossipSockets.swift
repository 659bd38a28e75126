internal import Memberlist
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Primitives

/// The two sockets of a node: datagrams and streams on the same port.
struct GossipSockets {
    /// The owner of the sockets: empty while they are bound, since the port is known only then.
    /// Streams that arrive before are closed, datagrams are dropped.
    typealias Owner = NIOLoopBoundBox<GossipLoop?>

    let datagrams: any Channel
    /// Sends; `datagrams` receives.
    let sender: UDPSocket
    let listener: any Channel
    let port: UInt16

    /// Binds both on one loop.
    static func bind(
        _ address: TransportAddress, on loop: any EventLoop, for owner: Owner
    ) async throws(GossipError) -> GossipSockets {
        var fault = ""
        for _ in 0..<(address.port == 0 ? Limits.portAttempts : 1) {
            do {
                return try await bindOnce(address, on: loop, for: owner)
            } catch let error as IOError {
                let host = joinHostPort("\(address.ip)", Int(address.port))
                fault = "Failed to start TCP listener on \(host): \(errnoText(error.errnoCode))"
            } catch {
                fault = "\(error)"
            }
        }
        throw .bind(fault)
    }

    private static func bindOnce(
        _ address: TransportAddress, on loop: any EventLoop, for owner: Owner
    ) async throws -> GossipSockets {
        let listener = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try accept(channel, owner) }
            }
            .bind(to: address.socketAddress).get()
        var bound = address
        bound.port = UInt16(truncatingIfNeeded: listener.localAddress?.port ?? 0)
        do {
            let sender = try UDPSocket.bind(
                bound.bytes, port: bound.port, receiveBufferBytes: Limits.receiveBufferBytes)
            let datagrams = try await DatagramBootstrap(group: loop)
                .channelOption(
                    .recvAllocator,
                    value: FixedSizeRecvByteBufferAllocator(capacity: Limits.datagramBytesMax)
                )
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramHandler(owner))
                    }
                }
                .withBoundSocket(sender.descriptor).get()
            return GossipSockets(
                datagrams: datagrams, sender: sender, listener: listener, port: bound.port)
        } catch {
            try? await listener.close()
            throw error
        }
    }

    /// Adds the handler of an accepted stream, or throws, which closes it.
    private static func accept(_ channel: any Channel, _ owner: Owner) throws {
        guard let gossip = owner.value, let stream = gossip.admit(channel) else {
            throw GossipError.stopped
        }
        try channel.pipeline.syncOperations.addHandler(
            IncomingStreamHandler(gossip, stream))
    }
}
