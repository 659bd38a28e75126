package import ConsulModel
import DNSWire
import Glibc
package import Logging
package import NIOCore
import NIOPosix
import Platform
import Primitives
import Synchronization

/// DNS to the outside, on UDP and TCP.
package final class DNSServer: Sendable {
    /// `rules` with everything that answering needs.
    private let core: DNSCore
    private let channels: [(network: String, channel: any Channel)]
    /// Where it listens: `127.0.0.1:8600 (udp)`.
    package let addresses: [String]

    /// Listens on all of `listeners` or none, over UDP and TCP on the same ports.
    /// - Parameter listeners: a host and a port each; port 0 lets the system choose.
    package static func start(
        listeners: [(host: String, port: Int)], rules: DNSRules, backend: any Backend,
        on group: any EventLoopGroup, seed: UInt64, unixSeconds: @escaping @Sendable () -> Int,
        logger: Logger
    ) async throws(ConsulDNSError) -> DNSServer {
        var random = SeededRandom(seed: seed)
        let core = DNSCore(
            zone: try Zone(rules),
            resolver: Resolver(
                backend: backend,
                recursion: Recursion(
                    on: group, logger: logger, random: SeededRandom(seed: random.next())),
                logger: logger, random: SeededRandom(seed: random.next()),
                unixSeconds: unixSeconds))
        var channels: [(network: String, channel: any Channel)] = []
        do throws(ConsulDNSError) {
            for (host, port) in listeners {
                let stream = try await listenTCP(core, host, port, group)
                channels.append(("tcp", stream))
                let chosen = stream.localAddress?.port ?? port
                channels += try await listenUDP(core, host, chosen, group).map { ("udp", $0) }
            }
        } catch {
            for (_, channel) in channels { try? await channel.close() }
            throw error
        }
        return DNSServer(core, channels)
    }

    private init(_ core: DNSCore, _ channels: [(network: String, channel: any Channel)]) {
        self.core = core
        self.channels = channels
        var addresses: [String] = []
        for (network, channel) in channels {
            guard let address = channel.localAddress, let ip = address.ipAddress else { continue }
            let text = "\(joinHostPort(ip, address.port ?? 0)) (\(network))"
            if !addresses.contains(text) { addresses.append(text) }
        }
        self.addresses = addresses
    }

    /// The port of the first listener.
    package var port: Int { channels.first?.channel.localAddress?.port ?? 0 }
    /// Connections over TCP that are open.
    package var connectionCount: Int { core.connections.load(ordering: .relaxed) }

    /// For a reload: questions that come from now on are answered by these rules. The domain's
    /// names and what is under way stay.
    package func update(_ rules: DNSRules) throws(ConsulDNSError) {
        core.replace(try Zone(rules))
    }

    /// Throws what `update` would.
    package static func check(_ rules: DNSRules) throws(ConsulDNSError) { _ = try Zone(rules) }

    /// Stops listening and closes all connections.
    package func stop() async {
        for (_, channel) in channels { try? await channel.close() }
        await core.closeAll()
    }

    // MARK: Listening

    private static func listenTCP(
        _ core: DNSCore, _ host: String, _ port: Int, _ group: any EventLoopGroup
    ) async throws(ConsulDNSError) -> any Channel {
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard core.admit() else { throw ChannelError.ioOnClosedChannel }
                        try channel.pipeline.syncOperations.addHandler(TCPHandler(core))
                    }
                }
                .bind(host: host, port: port).get()
        } catch {
            throw failure("tcp", host, port, error)
        }
    }

    /// One socket for each loop on the same port: the kernel spreads the clients over them. The TCP
    /// listener has the port already, so that no other agent can share it by mistake.
    private static func listenUDP(
        _ core: DNSCore, _ host: String, _ port: Int, _ group: any EventLoopGroup
    ) async throws(ConsulDNSError) -> [any Channel] {
        var channels: [any Channel] = []
        do {
            for loop in Array(group.makeIterator()) {
                channels.append(
                    try await DatagramBootstrap(group: loop)
                        .channelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
                        .channelOption(.socketOption(.so_rcvbuf), value: Limits.receiveBufferBytes)
                        .channelOption(
                            .datagramVectorReadMessageCount, value: Limits.datagramsPerRead)
                        .channelOption(
                            .recvAllocator,
                            value: FixedSizeRecvByteBufferAllocator(
                                capacity: Limits.datagramsPerRead * Limits.questionBytesMax))
                        .channelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(UDPHandler(core))
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

    private static func failure(
        _ network: String, _ host: String, _ port: Int, _ error: any Error
    ) -> ConsulDNSError {
        let reason = (error as? IOError).map { errnoText($0.errnoCode) } ?? "\(error)"
        return .listen(network: network, address: joinHostPort(host, port), reason: reason)
    }
}

/// What all sockets of a server share.
final class DNSCore: Sendable {
    private let zone: Mutex<Zone>
    private let resolver: Resolver
    let connections = Atomic<Int>(0)
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

    init(zone: Zone, resolver: Resolver) {
        self.zone = Mutex(zone)
        self.resolver = resolver
    }

    func replace(_ zone: Zone) { self.zone.withLock { $0 = zone } }

    // MARK: Connections

    func admit() -> Bool {
        if connections.add(1, ordering: .relaxed).newValue <= Limits.connectionsMax { return true }
        connections.subtract(1, ordering: .relaxed)
        return false
    }

    func opened(_ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = channel }
    }

    func closed(_ channel: any Channel) {
        connections.subtract(1, ordering: .relaxed)
        _ = open.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    func closeAll() async {
        for channel in open.withLock({ Array($0.values) }) { try? await channel.close() }
    }

    // MARK: Questions

    /// Judges a message and answers it.
    /// - Parameter done: called at most once, here or later on another thread. Not called for what
    ///   is no question: to answer answers would go on for ever.
    func answer(
        _ octets: [UInt8], isTCP: Bool, _ done: @escaping @Sendable (DNSQuery?, Reply) -> Void
    ) {
        guard let header = DNSHeader(octets), !header.flags.contains(.response) else { return }
        guard header.opcode == .query || header.opcode == .notify else {
            return done(nil, Self.refusal(header, .notImplemented))
        }
        guard header.questions == 1, header.answers <= 1, header.authorities <= 1,
            header.additionals <= 2, let message = try? DNSMessage(octets)
        else { return done(nil, Self.refusal(header, .formatError)) }
        let zone = zone.withLock { $0 }
        let query = DNSQuery(octets, message, isTCP: isTCP, zone: zone)
        resolver.answer(query) { done(query, $0) }
    }

    /// For a message whose question cannot be told back.
    private static func refusal(_ header: DNSHeader, _ code: ResponseCode) -> Reply {
        var flags = header.flags.intersection([
            .recursionDesired, .authenticData, .checkingDisabled,
        ])
        flags.insert(.response)
        return Reply(
            message: DNSMessage(id: header.id, flags: flags, opcode: header.opcode, code: code))
    }
}
