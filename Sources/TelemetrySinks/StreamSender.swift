import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives
import Synchronization

/// Lines over one TCP connection, made again when it breaks.
final class StreamSender: LineSender {
    private struct State {
        var channel: (any Channel)?
        var isConnecting = false
        /// What waits for the connection.
        var waiting: [UInt8] = []
        /// Handed to the connection, and not yet written.
        var unwritten = 0
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
        let octets: [UInt8] = lines.flatMap { line -> [UInt8] in Array(line.utf8) + [0x0A] }
        let now = SystemClock.now()
        let (channel, isDue) = state.withLock { state -> ((any Channel)?, Bool) in
            if state.isClosed { return (nil, false) }
            let queued = state.waiting.count + state.unwritten
            guard queued + octets.count <= Limits.streamQueuedBytesMax else {
                state.complaints.drop(lines.count)
                return (nil, state.channel == nil && now >= state.complaints.retryAt)
            }
            guard let channel = state.channel else {
                state.waiting += octets
                return (nil, now >= state.complaints.retryAt)
            }
            state.unwritten += octets.count
            return (channel, false)
        }
        if let channel { write(octets, to: channel) }
        if isDue { connect() }
    }

    private func write(_ octets: [UInt8], to channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(bytes: octets)).whenComplete { [self] _ in
            state.withLock { $0.unwritten -= octets.count }
        }
    }

    private func connect() {
        let mayBegin = state.withLock { state in
            defer { state.isConnecting = true }
            return !state.isConnecting && !state.isClosed
        }
        guard mayBegin else { return }
        guard let (host, port) = hostAndPort(address) else {
            return fail(NetworkError("\(address) is no host:port"))
        }
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .connect(host: host, port: port)
            .whenComplete { [self] result in
                switch result {
                case .success(let channel): connected(channel)
                case .failure(let error): fail(NetworkError(dialing: "tcp", address, error))
                }
            }
    }

    private func connected(_ channel: any Channel) {
        channel.closeFuture.whenComplete { [self] _ in
            let isWanted = state.withLock { state in
                state.channel = nil
                return !state.isClosed
            }
            if isWanted { fail(NetworkError("the receiver closed the connection")) }
        }
        let waiting = state.withLock { state -> [UInt8]? in
            state.isConnecting = false
            if state.isClosed { return nil }
            state.channel = channel
            state.complaints.succeeded()
            state.unwritten += state.waiting.count
            defer { state.waiting = [] }
            return state.waiting
        }
        guard let waiting else { return channel.close(promise: nil) }
        if !waiting.isEmpty { write(waiting, to: channel) }
    }

    private func fail(_ error: NetworkError) {
        let now = SystemClock.now()
        let sentence = state.withLock { state in
            state.isConnecting = false
            state.complaints.failed(at: now)
            return state.complaints.sentence("cannot send to \(address): \(error)", at: now)
        }
        if let sentence { logger.warning(sentence) }
    }

    func close() async {
        let channel = state.withLock { state in
            state.isClosed = true
            return state.channel
        }
        try? await channel?.close()
    }
}
