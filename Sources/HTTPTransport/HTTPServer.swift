import Glibc
package import Logging
package import NIOCore
import NIOPosix
import NIOSSL
package import Platform
package import Primitives
import Synchronization

/// The address of a listener.
package enum HTTPListener: Hashable, Sendable {
    /// Port 0 lets the system choose.
    case tcp(host: String, port: Int)
    /// Mode, user and group as in `unix_sockets` of the configuration. A socket file of a former
    /// run is replaced.
    case unix(path: String, mode: UInt32? = nil, user: UInt32? = nil, group: UInt32? = nil)

    /// True for a TCP listener that only this machine reaches; nil for a unix socket.
    var isLoopback: Bool? {
        guard case .tcp(let host, _) = self else { return nil }
        return host == "localhost" || IPAddress(host)?.isLoopback == true
    }
}

/// An HTTP/1.1 server, with or without TLS.
package final class HTTPServer: Sendable {
    private let core: ServerCore
    private let channels: [any Channel]
    private let unixPaths: [String]
    /// The bound addresses, in the order of the listeners: `127.0.0.1:8500`, or a socket's path.
    package let addresses: [String]
    /// The ports of the TCP listeners, in order.
    package let ports: [Int]

    /// Listens on all of `listeners` or none. Errors are a `NetworkError`, `FileError` or
    /// `TLSError` and name the address or file.
    package static func start(
        listeners: [HTTPListener], tls: TLSSettings? = nil, handler: any HTTPHandler,
        limits: HTTPServerLimits = HTTPServerLimits(), on group: any EventLoopGroup,
        logger: Logger
    ) async throws -> HTTPServer {
        let context = try tls?.serverContext()
        let core = ServerCore(handler, limits, context, group, logger)
        var channels: [any Channel] = []
        var paths: [String] = []
        do {
            for listener in listeners {
                channels.append(try await core.listen(listener))
                if case .unix(let path, let mode, let user, let owner) = listener {
                    paths.append(path)
                    if let mode { try Files.setMode(path, mode) }
                    try Files.setOwner(path, user: user, group: owner)
                }
            }
        } catch {
            for channel in channels { try? await channel.close() }
            for path in paths { try? Files.remove(path) }
            await core.stopLoops()
            throw error
        }
        return HTTPServer(core, channels, paths)
    }

    private init(_ core: ServerCore, _ channels: [any Channel], _ paths: [String]) {
        self.core = core
        self.channels = channels
        unixPaths = paths
        addresses = channels.map { channel in
            guard let address = channel.localAddress else { return "" }
            guard let ip = address.ipAddress else { return address.pathname ?? "" }
            return joinHostPort(ip, address.port ?? 0)
        }
        ports = channels.compactMap { $0.localAddress?.port }
    }

    /// The number of open connections, including refused ones that are being answered.
    package var connectionCount: Int { core.counts.total }

    /// `limits.http_max_conns_per_client`, for new connections; 0 for no bound.
    package func setConnectionsPerClient(_ most: Int) {
        core.counts.perClientMax.store(most, ordering: .relaxed)
    }

    /// Reads the certificate files again, for new connections; open ones continue. Does nothing
    /// without TLS. Throws, and keeps the old certificate, when the new files are invalid.
    package func replaceTLS(_ settings: TLSSettings) throws(TLSError) {
        guard core.usesTLS else { return }
        core.replaceTLS(try settings.serverContext())
    }

    /// Stops listening, waits up to `grace` for open requests, then closes everything.
    package func stop(grace: GoDuration = .zero) async {
        for channel in channels { try? await channel.close() }
        for path in unixPaths { try? Files.remove(path) }
        core.beginStop()
        let deadline = SystemClock.now() + grace
        while core.openConnections > 0 && SystemClock.now() < deadline {
            try? await Task.sleep(nanoseconds: 5_000_000)
        }
        await core.closeAll()
    }
}

/// The state that all connections of a server share.
final class ServerCore: Sendable {
    let handler: any HTTPHandler
    let limits: HTTPServerLimits
    let counts: ConnectionCounts
    let bodyFiles = BodyFileCount()
    private let tls: Mutex<NIOSSLContext?>
    let usesTLS: Bool
    private let group: any EventLoopGroup
    private let logger: Logger
    private let loops: [ObjectIdentifier: HTTPLoopState]
    private let stopping = Atomic<Bool>(false)
    private let open = Atomic<Int>(0)

    init(
        _ handler: any HTTPHandler, _ limits: HTTPServerLimits, _ tls: NIOSSLContext?,
        _ group: any EventLoopGroup, _ logger: Logger
    ) {
        self.handler = handler
        self.limits = limits
        self.tls = Mutex(tls)
        usesTLS = tls != nil
        self.group = group
        self.logger = logger
        counts = ConnectionCounts(
            total: limits.connections, perClient: limits.connectionsPerClient)
        var loops: [ObjectIdentifier: HTTPLoopState] = [:]
        for loop in group.makeIterator() { loops[ObjectIdentifier(loop)] = HTTPLoopState(loop) }
        self.loops = loops
        for state in loops.values {
            let every = limits.sweepEvery
            state.eventLoop.execute { state.startSweep(every: every) }
        }
    }

    func replaceTLS(_ context: NIOSSLContext) { tls.withLock { $0 = context } }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }
    var openConnections: Int { open.load(ordering: .relaxed) }

    // MARK: Listening

    func listen(_ listener: HTTPListener) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // Otherwise a client that closes its side at once would miss the answer that follows
            // the last request of the turn. TLS has its own closure.
            .childChannelOption(.allowRemoteHalfClosure, value: !usesTLS)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 65536)
            )
            .childChannelInitializer { self.accept($0, listener) }
        switch listener {
        case .tcp(let host, let port):
            do {
                return
                    try await bootstrap
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .bind(host: host, port: port).get()
            } catch {
                let reason = (error as? IOError).map { errnoText($0.errnoCode) } ?? "\(error)"
                throw NetworkError("listen tcp \(joinHostPort(host, port)): bind: \(reason)")
            }
        case .unix(let path, _, _, _):
            do {
                return try await bootstrap.bind(
                    unixDomainSocketPath: path, cleanupExistingSocketFile: true
                ).get()
            } catch {
                let reason = (error as? IOError).map { errnoText($0.errnoCode) } ?? "\(error)"
                throw NetworkError("listen unix \(path): bind: \(reason)")
            }
        }
    }

    func accept(
        _ channel: any Channel, _ listener: HTTPListener
    ) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            guard let state = loops[ObjectIdentifier(channel.eventLoop)], !isStopping else {
                throw ChannelError.ioOnClosedChannel
            }
            let peer = HTTPPeer(channel.remoteAddress)
            let admission = counts.admit(peer.address)
            if admission != .admitted {
                logger.debug("connection refused", metadata: ["from": "\(peer)"])
            }
            let isTold = admission == .admitted || (!usesTLS && counts.admitRefusal())
            guard isTold else { throw ChannelError.ioOnClosedChannel }
            open.add(1, ordering: .relaxed)
            let connection = HTTPConnection(
                self, state, peer, admission, onLoopback: listener.isLoopback)
            let pipeline = channel.pipeline.syncOperations
            // Registered first, so that the connection's end is noticed from here on.
            try pipeline.addHandler(connection)
            if let tls = tls.withLock({ $0 }) {
                try pipeline.addHandler(NIOSSLServerHandler(context: tls), position: .first)
                try pipeline.addHandler(PlainHTTPRefusal(), position: .first)
            }
        }
    }

    func connectionEnded(_ peer: HTTPPeer, _ admission: ConnectionCounts.Admission) {
        open.subtract(1, ordering: .relaxed)
        if admission == .admitted {
            counts.release(peer.address)
        } else {
            counts.releaseRefusal()
        }
    }

    /// The first text is that of Consul's limiter.
    func refuse(_ connection: HTTPConnection, _ admission: ConnectionCounts.Admission) {
        let ofClient =
            "Your IP is issuing too many concurrent connections, please rate limit your calls\n"
        let isOfClient = admission == .tooManyOfClient
        let text = isOfClient ? ofClient : "The agent serves as many connections as it can\n"
        let status = isOfClient ? "429 Too Many Requests" : "503 Service Unavailable"
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: text/plain\r\n"
            + "Content-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n"
        connection.write(ByteBuffer(string: head + text))
        connection.closeAfterWrites()
    }

    // MARK: Stopping

    func beginStop() {
        stopping.store(true, ordering: .relaxed)
        for state in loops.values {
            state.eventLoop.execute {
                for connection in Array(state.connections.values) { connection.beginStop() }
            }
        }
    }

    func closeAll() async {
        for state in loops.values {
            _ = try? await state.eventLoop.submit {
                for connection in Array(state.connections.values) { connection.close() }
            }.get()
        }
        await stopLoops()
    }

    func stopLoops() async {
        for state in loops.values {
            _ = try? await state.eventLoop.submit { state.stopSweep() }.get()
        }
    }
}
