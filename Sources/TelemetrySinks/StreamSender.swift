import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives

/// Sends lines over one TCP connection, reconnecting when it breaks.
final class StreamSender: LineSender {
    private struct Queue: Sendable {
        /// Bytes queued for the connection.
        var waiting: [UInt8] = []
        /// Bytes passed to the connection, and not yet written.
        var unwritten = 0
    }

    private let link: Link<Queue>

    init(_ address: String, on group: any EventLoopGroup, logger: Logger) {
        link = Link(address, on: group, logger: logger, Queue())
        connect()
    }

    func send(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let octets: [UInt8] = lines.flatMap { line -> [UInt8] in Array(line.utf8) + [0x0A] }
        let now = SystemClock.now()
        let (channel, isDue) = link.with { state -> ((any Channel)?, Bool) in
            if state.isClosed { return (nil, false) }
            let queued = state.rest.waiting.count + state.rest.unwritten
            guard queued + octets.count <= Limits.streamQueuedBytesMax else {
                state.drop(lines.count)
                return (nil, state.isDue(now))
            }
            guard let channel = state.channel else {
                state.rest.waiting += octets
                return (nil, state.isDue(now))
            }
            state.rest.unwritten += octets.count
            return (channel, false)
        }
        if let channel { write(octets, to: channel) }
        if isDue { connect() }
    }

    private func write(_ octets: [UInt8], to channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(bytes: octets)).whenComplete { [link] _ in
            link.with { $0.rest.unwritten -= octets.count }
        }
    }

    private func connect() {
        guard link.begin() else { return }
        guard let (host, port) = hostAndPort(link.address) else {
            return link.failed(NetworkError("\(link.address) is no host:port"))
        }
        ClientBootstrap(group: link.loop)
            .connectTimeout(.seconds(10))
            .connect(host: host, port: port)
            .whenComplete { [self] result in
                switch result {
                case .success(let channel): connected(channel)
                case .failure(let error):
                    link.failed(NetworkError(dialing: "tcp", link.address, error))
                }
            }
    }

    private func connected(_ channel: any Channel) {
        channel.closeFuture.whenComplete { [link] _ in
            link.lost(NetworkError("the receiver closed the connection"))
        }
        let waiting = link.connected(channel) { queue -> [UInt8] in
            queue.unwritten += queue.waiting.count
            defer { queue.waiting = [] }
            return queue.waiting
        }
        guard let waiting else { return channel.close(promise: nil) }
        if !waiting.isEmpty { write(waiting, to: channel) }
    }

    func close() async { await link.close() }
}
