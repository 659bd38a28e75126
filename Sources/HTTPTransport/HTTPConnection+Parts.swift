import Glibc
import NIOCore
import NIOHTTP1

extension HTTPConnection.Slot {
    init(_ head: HTTPRequestHead, mayStay: Bool) {
        isHead = head.method == .HEAD
        isOldClient = head.version == .http1_0 || head.version.major == 0
        // Behind an upgrade, which is not granted, the parser reads no more requests.
        keepsAlive =
            mayStay && head.isKeepAlive && head.method != .CONNECT
            && !head.headers.contains(name: "Upgrade")
        takesGzip = false
        for value in head.headers[canonicalForm: "Accept-Encoding"] {
            let parts = value.split(separator: ";", omittingEmptySubsequences: false)
            guard parts[0].lowercased() == "gzip" else { continue }
            let refused = parts.dropFirst().contains {
                let text = $0.filter { $0 != " " }
                return text.hasPrefix("q=0") && text.allSatisfy { "q=0.".contains($0) }
            }
            takesGzip = !refused
        }
    }
}

extension HTTPConnection.Slot {
    /// With the headers that are added to every answer.
    func completed(_ response: HTTPResponse) -> HTTPResponse {
        if headers.isEmpty { return response }
        var response = response
        for (name, value) in headers where !response.headers.contains(name: name) {
            response.headers.add(name: name, value: value)
        }
        return response
    }
}

extension HTTPRequestHead {
    var hasBody: Bool {
        if headers.contains(name: "Transfer-Encoding") { return true }
        return headers.first(name: "Content-Length").map { $0 != "0" } ?? false
    }
}

/// What a client has not taken yet.
enum Unsent {
    /// In this process and in the kernel, which alone may hold megabytes for minutes.
    static func bytes(of channel: any Channel) -> Int {
        let own = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
        let kernel = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { descriptor in
            var count: Int32 = 0
            return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
        }
        return (own ?? 0) + (kernel ?? 0)
    }
}

/// Stands before the parser and counts what goes in.
final class ByteGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    private let connection: HTTPConnection

    init(_ connection: HTTPConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.allows(unwrapInboundIn(data).readableBytes) { context.fireChannelRead(data) }
    }
}
