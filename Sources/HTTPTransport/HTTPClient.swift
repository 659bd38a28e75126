import AsyncHTTPClient
package import NIOCore
package import NIOHTTP1
import NIOSSL
package import Platform
package import Primitives
import Synchronization

/// A request to a server.
package struct HTTPCall: Sendable {
    package enum Keep: Hashable, Sendable {
        /// Keeps the first bytes; reading stops after them.
        case first(Int)
        /// Keeps the last bytes; reading stops `Limits.clientSkippedBytesMax` beyond that many.
        case last(Int)
    }

    package var method: String
    /// `http://…` or `https://…`, escaped.
    package var url: String
    /// Connects to this socket instead of the URL's host, which still becomes `Host`.
    package var unixSocket: String?
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// The time from the start of the connection to the last byte; nil for no limit, for blocking
    /// queries with a wait of their own.
    package var timeout: GoDuration?
    package var keep = Keep.first(Limits.clientBodyBytesMax)
    package var followsRedirects = true
    /// False for a connection of its own, closed afterwards.
    package var keepsAlive = true
    /// Nil for the system's authorities.
    package var tls: TLSSettings?

    package init(
        method: String = "GET", url: String, headers: HTTPHeaders = [:], body: [UInt8] = [],
        timeout: GoDuration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

package struct HTTPClientResponse: Sendable {
    package var status: Int
    /// `Not Found`; derived from the status, not as sent.
    package var reason: String
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// True when the body was longer than the kept part.
    package var isTruncated: Bool
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Sends requests over pooled connections. Its owner shuts it down once; a leaked one shuts itself
/// down in the background.
package final class HTTPClient: Sendable {
    private let group: any EventLoopGroup
    private let following: AsyncHTTPClient.HTTPClient
    private let direct: AsyncHTTPClient.HTTPClient

    package init(on group: any EventLoopGroup) {
        self.group = group
        following = Self.make(group, follows: true)
        direct = Self.make(group, follows: false)
    }

    deinit {
        let (following, direct) = (following, direct)
        Task {
            try? await following.shutdown()
            try? await direct.shutdown()
        }
    }

    /// Closes all connections; pending requests fail.
    package func shutdown() async {
        try? await following.shutdown()
        try? await direct.shutdown()
    }

    private static func make(
        _ group: any EventLoopGroup, follows: Bool, names: [String: String] = [:]
    ) -> AsyncHTTPClient.HTTPClient {
        var settings = AsyncHTTPClient.HTTPClient.Configuration()
        settings.redirectConfiguration =
            follows ? .follow(max: Limits.redirectsMax, allowCycles: true) : .disallow
        settings.timeout.connect = .nanoseconds(Limits.clientConnectTimeout.nanoseconds)
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            Limits.clientConnectionsPerHost
        settings.decompression = .disabled
        settings.httpVersion = .http1Only
        settings.dnsOverride = names
        return AsyncHTTPClient.HTTPClient(
            eventLoopGroupProvider: .shared(group), configuration: settings)
    }

    /// Sends `call` and reads the part of the answer that `call.keep` selects. Cancelling the task
    /// ends the request.
    package func execute(_ call: HTTPCall) async throws(HTTPCallError) -> HTTPClientResponse {
        let kept = Kept(call.keep)
        var response = try await timed(call) { response in
            for try await part in response.body {
                kept.append(part)
                if kept.body.isEnough { break }
            }
        }
        response.body = kept.body.bytes
        response.isTruncated = kept.body.isTruncated
        return response
    }

    /// Sends `call` and passes each part of the answer's body to `part` as it arrives; the next
    /// part is read when `part` returns. The returned response has no body. For endless answers.
    package func stream(
        _ call: HTTPCall,
        head: @escaping @Sendable (HTTPClientResponse) async throws -> Void = { _ in },
        part: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws(HTTPCallError) -> HTTPClientResponse {
        try await timed(call) { response in
            try await head(Self.head(response))
            for try await buffer in response.body {
                try await part(Array(buffer.readableBytesView))
            }
        }
    }

    private static func head(_ response: AsyncHTTPClient.HTTPClientResponse) -> HTTPClientResponse {
        HTTPClientResponse(
            status: Int(response.status.code), reason: response.status.reasonPhrase,
            headers: response.headers, body: [], isTruncated: false)
    }

    /// Runs the request with its timeout.
    private func timed(
        _ call: HTTPCall,
        _ read: @escaping @Sendable (AsyncHTTPClient.HTTPClientResponse) async throws -> Void
    ) async throws(HTTPCallError) -> HTTPClientResponse {
        let progress = Progress()
        let task = Task { try await self.perform(call, progress, read) }
        var timer: Scheduled<Void>?
        if let timeout = call.timeout {
            timer = group.next().scheduleTask(in: .nanoseconds(max(1, timeout.nanoseconds))) {
                progress.isTimedOut.store(true, ordering: .relaxed)
                task.cancel()
            }
        }
        defer { timer?.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            throw HTTPCallError(
                call, error, isTimedOut: progress.isTimedOut.load(ordering: .relaxed),
                hasHead: progress.hasHead.load(ordering: .relaxed))
        }
    }

    private func perform(
        _ call: HTTPCall, _ progress: Progress,
        _ read: @Sendable (AsyncHTTPClient.HTTPClientResponse) async throws -> Void
    ) async throws -> HTTPClientResponse {
        var target = try CallTarget(call)
        var request = HTTPClientRequest(url: target.url)
        request.method = HTTPMethod(rawValue: call.method)
        request.headers = call.headers
        if call.unixSocket != nil || target.name != nil, !request.headers.contains(name: "Host") {
            request.headers.add(name: "Host", value: target.authority)
        }
        if !call.keepsAlive { request.headers.replaceOrAdd(name: "Connection", value: "close") }
        if !call.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: call.body)) }
        request.tlsConfiguration = try call.tls?.clientConfiguration()
        let deadline = call.timeout.map { NIODeadline.now() + .nanoseconds($0.nanoseconds) }
        func run(_ client: AsyncHTTPClient.HTTPClient) async throws -> HTTPClientResponse {
            let response = try await client.execute(request, deadline: deadline ?? .distantFuture)
            progress.hasHead.store(true, ordering: .relaxed)
            try await read(response)
            return Self.head(response)
        }
        guard let name = target.name else {
            return try await run(call.followsRedirects ? following : direct)
        }
        // Returns a separate client for a server name other than the host: it uses the name as the
        // host and resolves it to the host's address.
        target.name = nil
        let own = Self.make(group, follows: call.followsRedirects, names: [name: target.host])
        do {
            let response = try await run(own)
            try await own.shutdown()
            return response
        } catch {
            try? await own.shutdown()
            throw error
        }
    }
}

/// The progress of a request.
private final class Progress: Sendable {
    let isTimedOut = Atomic<Bool>(false)
    let hasHead = Atomic<Bool>(false)
}

/// The kept part of a body. Used by one task at a time.
private final class Kept: @unchecked Sendable {
    private(set) var body: KeptBody

    init(_ keep: HTTPCall.Keep) { body = KeptBody(keep) }

    func append(_ part: ByteBuffer) { part.withUnsafeReadableBytes { body.append($0) } }
}

/// Converts a call's URL for AsyncHTTPClient.
struct CallTarget {
    var url: String
    /// `host:port` as in the URL.
    var authority: String
    var host: String
    /// The name that the server's certificate must have, when it is not the host.
    var name: String?

    init(_ call: HTTPCall) throws(HTTPCallError) {
        guard let colon = call.url.firstRange(of: "://") else {
            throw HTTPCallError(call, reason: "unsupported protocol scheme \"\"")
        }
        let scheme = call.url[..<colon.lowerBound].lowercased()
        let rest = call.url[colon.upperBound...]
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let path = String(rest[slash...])
        authority = String(rest[..<slash])
        host = Self.host(of: authority)
        name = nil
        guard scheme == "http" || scheme == "https" else {
            throw HTTPCallError(call, reason: "unsupported protocol scheme \"\(scheme)\"")
        }
        if let socket = call.unixSocket {
            let escaped = Self.escape(socket)
            url = "\(scheme)+unix://\(escaped)\(path.hasPrefix("/") ? "" : "/")\(path)"
            return
        }
        guard !host.isEmpty else { throw HTTPCallError(call, reason: "no Host in request URL") }
        let digits = authority.reversed().prefix { $0.isNumber }
        if digits.count < authority.count, authority.dropLast(digits.count).hasSuffix(":"),
            let port = Int(String(digits.reversed())), port > 65535
        {
            throw HTTPCallError(call, reason: "dial tcp: address \(port): invalid port")
        }
        url = call.url
        guard scheme == "https", let name = call.tls?.serverName, !name.isEmpty, name != host
        else { return }
        self.name = name
        let port = authority.dropFirst(authority.hasPrefix("[") ? host.count + 2 : host.count)
        url = "https://\(name)\(port)\(path)"
    }

    private static func host(of authority: String) -> String {
        let behindUser = authority.split(separator: "@", omittingEmptySubsequences: false).last!
        if behindUser.hasPrefix("[") { return String(behindUser.dropFirst().prefix { $0 != "]" }) }
        return String(behindUser.prefix { $0 != ":" })
    }

    /// Escapes everything except letters, digits and `-._~`.
    private static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let scalar = Character(Unicode.Scalar(byte))
            if byte < 0x80 && (scalar.isLetter || scalar.isNumber || "-._~".contains(scalar)) {
                escaped.append(scalar)
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                escaped += hex.count < 2 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return escaped
    }
}
