package import NIOCore
import Platform
package import Primitives

/// The remote end of a connection. One value per connection.
package final class HTTPPeer: Sendable, CustomStringConvertible {
    /// `127.0.0.1:51234`; `@` for a unix socket, as in Go.
    package let description: String
    /// The address without the port; empty for a unix socket.
    package let address: String
    package let isUnix: Bool
    /// True for a client on this host: a loopback address or a unix socket.
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

/// A complete request with its body. A class, because it is passed on several times: copying costs
/// one retain.
package final class HTTPRequest: Sendable {
    /// As sent: `GET`, `PUT`.
    package let method: String
    /// The request target as sent, with its percent escapes.
    package let uri: String
    package let headers: RequestFields
    package let body: [UInt8]
    /// The body, when it was received into a file; `body` is empty then.
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

    /// The target up to the first `?`, still escaped.
    package var path: Substring {
        uri.queryMark.map { uri[..<$0] } ?? uri[...]
    }

    /// The target after the first `?`, still escaped; empty without one.
    package var query: Substring {
        uri.queryMark.map { uri[uri.utf8.index(after: $0)...] } ?? ""
    }
}

/// A complete response. The transport adds `Date`, `Content-Length`, `Vary` (unless the response
/// has an empty one) and the fields for the connection.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: HeaderFields
    package var body: [UInt8]
    /// Sent instead of `body` when it is set.
    package var sharedBody: SharedBody?

    package init(status: Int, headers: HeaderFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Makes a text response as Go's `http.Error` does, without the line end.
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8))
    }
}

/// Answers requests. Called on the connection's event loop with the whole body; must not block.
package protocol HTTPHandler: Sendable {
    /// Handles a request. `responder` must be answered exactly once, now or later, from any thread.
    func handle(_ request: HTTPRequest, _ responder: HTTPResponder)

    /// Returns the answer to a request for a foreign host name, nil for any other. Called on the
    /// connection's event loop for its first request, and when its `Host` changes; not on a unix
    /// socket.
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
    /// The interval between sweeps of deadlines; tests shorten it.
    package var sweepEvery = Limits.sweepEvery
    /// The largest body of a request, by method and raw path. Called once per request with a body.
    package var bodyBytes: @Sendable (_ method: String, _ path: Substring) -> Int = { _, _ in
        Limits.bodyBytesMaxDefault
    }
    /// The answer to a larger body; a body in chunks has no declared length.
    package var bodyTooLarge:
        @Sendable (_ path: Substring, _ limit: Int, _ declared: Int?) -> HTTPResponse = {
            _, limit, _ in
            .text(413, "Request body too large, max size: \(limit) bytes.")
        }
    /// The rules for receiving a large body into a file; nil keeps it in memory. Called once per
    /// request whose body may grow beyond `Limits.bodyBytesInMemory`.
    package var bodyFile: @Sendable (_ path: Substring) -> BodyFileRules? = { _ in nil }

    package init() {}
}
