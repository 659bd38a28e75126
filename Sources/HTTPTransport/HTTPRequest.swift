package import NIOCore
import Platform
package import Primitives

/// Where a request comes from. One value per connection.
package final class HTTPPeer: Sendable, CustomStringConvertible {
    /// `127.0.0.1:51234`; `@` for a unix socket, as Go says.
    package let description: String
    /// The address without the port; empty for a unix socket.
    package let address: String
    package let isUnix: Bool
    /// From this host: a loopback address or a unix socket.
    package let isLoopback: Bool

    init(_ remote: SocketAddress?) {
        guard let remote, let ip = remote.ipAddress else {
            description = "@"
            address = ""
            isUnix = true
            isLoopback = true
            return
        }
        address = ip
        description = joinHostPort(ip, remote.port ?? 0)
        isUnix = false
        isLoopback = ip.hasPrefix("127.") || ip == "::1" || ip.hasPrefix("::ffff:127.")
    }
}

/// A whole request, its body read. An object, since it is handed on several times: its parts are
/// counted once.
package final class HTTPRequest: Sendable {
    /// As sent: `GET`, `PUT`.
    package let method: String
    /// The request target as sent, percent escapes and all.
    package let uri: String
    package let headers: RequestFields
    package let body: [UInt8]
    /// The body where it was taken in on the disk; `body` is empty then.
    package let bodyFile: BodyFile?
    package let peer: HTTPPeer
    package let eventLoop: any EventLoop

    package init(
        method: String, uri: String, headers: RequestFields = [:], body: [UInt8] = [],
        bodyFile: BodyFile? = nil, peer: HTTPPeer, eventLoop: any EventLoop
    ) {
        self.bodyFile = bodyFile
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body
        self.peer = peer
        self.eventLoop = eventLoop
    }

    /// Up to the first `?`, still escaped.
    package var path: Substring {
        uri.queryMark.map { uri[..<$0] } ?? uri[...]
    }

    /// Behind the first `?`, still escaped; empty without one.
    package var query: Substring {
        uri.queryMark.map { uri[uri.utf8.index(after: $0)...] } ?? ""
    }
}

/// A whole response. The transport adds `Date`, `Content-Length`, `Vary` (an empty one of the
/// response's own: none) and what the connection needs.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: HeaderFields
    package var body: [UInt8]
    /// Sent instead of `body` where there is one.
    package var sharedBody: SharedBody?

    package init(status: Int, headers: HeaderFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A text as Go's `http.Error` sends it, without the line end.
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8))
    }
}

/// Answers requests. Called on the connection's event loop with the whole body; must not block.
package protocol HTTPHandler: Sendable {
    /// `responder` must be answered exactly once, now or later, from any thread.
    func handle(_ request: HTTPRequest, _ responder: HTTPResponder)

    /// Returns the answer to a request for a host that this server is not, nil for any other.
    /// Called on the connection's event loop for its first request, and when its `Host` changes;
    /// not on a unix socket.
    func refusal(ofHost host: String, onLoopback: Bool) -> HTTPResponse?
}

extension HTTPHandler {
    package func refusal(ofHost host: String, onLoopback: Bool) -> HTTPResponse? { nil }
}

/// The bounds of a server. The defaults are those of `Limits`.
package struct HTTPServerLimits: Sendable {
    package var headerBytes = Limits.headerBytesMax
    package var headerTimeout = Limits.headerTimeout
    /// For servers with TLS.
    package var handshakeTimeout = Limits.handshakeTimeout
    package var bodyTimeout = Limits.bodyTimeout
    package var bodyTotalTimeout = Limits.bodyTotalTimeout
    package var idleTimeout = Limits.idleTimeout
    package var writeStallTimeout = Limits.writeStallTimeout
    package var pipelined = Limits.pipelinedMax
    package var connections = Limits.connectionsMax
    package var connectionsPerClient = Limits.connectionsPerClientMax
    /// Tests shorten it.
    package var sweepEvery = Limits.sweepEvery
    /// The largest body of a request, by method and raw path. Called once per request with a body.
    package var bodyBytes: @Sendable (_ method: String, _ path: Substring) -> Int = { _, _ in
        Limits.bodyBytesMaxDefault
    }
    /// The answer to a larger one; a body in chunks has no declared length.
    package var bodyTooLarge:
        @Sendable (_ path: Substring, _ limit: Int, _ declared: Int?) -> HTTPResponse = {
            _, limit, _ in
            .text(413, "Request body too large, max size: \(limit) bytes.")
        }
    /// Where a body that may be large is taken in; nil keeps it in memory. Called once per request
    /// whose body may grow beyond `Limits.bodyBytesInMemory`.
    package var bodyFile: @Sendable (_ path: Substring) -> BodyFileRules? = { _ in nil }

    package init() {}
}
