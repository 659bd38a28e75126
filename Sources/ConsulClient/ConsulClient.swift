import ConsulModel
import HTTPTransport
import NIOHTTP1
import NIOPosix
import Platform
public import Primitives
import Synchronization
public import Wire

/// A client of Consul's HTTP API, which every command but `agent` uses. Works with any agent that
/// has the API, HashiCorp's too.
///
/// The calls are grouped by subject: `kv`, `sessions`, `catalog`, `health`, `agent`, `events`,
/// `status`. They may be made from any thread, concurrently.
public final class ConsulClient: Sendable {
    public struct Settings: Sendable {
        /// `host:port`, `http://…`, `https://…` or `unix:///path`.
        public var address = "127.0.0.1:8500"
        public var token = ""
        /// Read once, by `init`, when `token` is empty.
        public var tokenFile = ""
        /// `user:password` for a proxy in front of the agent.
        public var basicAuthorization = ""
        /// For an address without a scheme.
        public var usesTLS = false
        public var verifiesTLS = true
        /// PEM files: the authorities of the agent's certificate, and this client's own.
        public var authorityFile = ""
        public var authorityPath = ""
        public var certificateFile = ""
        public var keyFile = ""
        public var tlsServerName = ""
        /// Empty for the agent's own datacenter.
        public var datacenter = ""
        /// The namespace of Consul Enterprise; sent to the agent, which judges it.
        public var namespace = ""
        /// Lets any server answer reads.
        public var isStale = false
        public init() {}
    }

    let settings: Settings
    private let base: String
    private let unixSocket: String?
    private let token: String
    private let http: HTTPClient

    /// Reads the token file; does not connect yet.
    public init(_ settings: Settings) throws(ConsulClientError) {
        self.settings = settings
        (base, unixSocket) = try Self.base(of: settings)
        try Self.refuseBadFiles(settings)
        token = try Self.token(settings)
        // One loop is enough for a short-lived command.
        http = HTTPClient(on: MultiThreadedEventLoopGroup.singleton)
    }

    private static func base(of settings: Settings) throws(ConsulClientError)
        -> (String, String?)
    {
        let address = settings.address
        if address.hasPrefix("unix://") {
            return ("http://localhost", String(address.dropFirst(7)))
        }
        if address.hasPrefix("http://") || address.hasPrefix("https://") {
            return (address.hasSuffix("/") ? String(address.dropLast()) : address, nil)
        }
        if let scheme = address.firstRange(of: "://").map({ address[..<$0.lowerBound] }) {
            throw ConsulClientError("Unknown protocol scheme: \(scheme)")
        }
        return ("\(settings.usesTLS ? "https" : "http")://\(address)", nil)
    }

    private static func token(_ settings: Settings) throws(ConsulClientError) -> String {
        guard settings.token.isEmpty, !settings.tokenFile.isEmpty else { return settings.token }
        do throws(FileError) {
            let bytes = try Files.readAny(settings.tokenFile, limit: 4096)
            return String(decoding: bytes, as: UTF8.self)
                .split(whereSeparator: { $0.isWhitespace }).joined()
        } catch {
            throw ConsulClientError("Error loading token file: \(error)")
        }
    }

    /// - Parameters:
    ///   - address: `host:port`, `http://…`, `https://…` or `unix:///path`.
    ///   - token: a secret of the ACL system, where there is one.
    public convenience init(address: String, token: String = "") throws(ConsulClientError) {
        var settings = Settings()
        settings.address = address
        settings.token = token
        try self.init(settings)
    }

    /// Closes the connections. Must be called once, last; pending calls fail.
    public func shutdown() async { await http.shutdown() }

    // MARK: Requests

    /// An answer of the agent, whatever its status.
    public struct Answer: Sendable {
        public var status: Int
        public var body: [UInt8]
        /// `X-Consul-Index`; 0 without one.
        public var index: UInt64
        public var text: String { String(decoding: body, as: UTF8.self) }

        /// The body as a value.
        public func decode<Value: WireValue>(_ type: Value.Type = Value.self)
            throws(ConsulClientError) -> Value
        {
            do {
                return try JSONReader.decode(Value.self, from: body)
            } catch {
                throw ConsulClientError("the agent's answer cannot be read: \(error)")
            }
        }

        /// Returns itself for a status 2xx; throws Consul's form of an error otherwise.
        public func successful() throws(ConsulClientError) -> Answer {
            if (200..<300).contains(status) { return self }
            if (300..<400).contains(status) {
                throw ConsulClientError(
                    "Unexpected response code: \(status) (the request was sent elsewhere, and a "
                        + "write does not follow: a path has no empty parts, no . and no ..)",
                    status: status)
            }
            throw ConsulClientError(
                "Unexpected response code: \(status) (\(text))", status: status)
        }
    }

    /// Sends one request. Throws when there is no answer; any status is an answer.
    ///
    /// - Parameters:
    ///   - path: from `/v1/…`, its parts escaped by `escape`.
    ///   - timeout: nil for blocking queries, which end by themselves.
    public func send(
        _ method: String, _ path: String, _ parameters: [(String, String)] = [],
        body: [UInt8] = [], timeout: GoDuration? = .seconds(60)
    ) async throws(ConsulClientError) -> Answer {
        var call = call(method, path, parameters, body: body, timeout: timeout)
        // Consul redirects a path that is not clean (`a//b`) by 301. A write that followed would
        // write another key than the requested one; 307 and 308 are for writes.
        call.followsRedirects = ["GET", "HEAD"].contains(method)
        do throws(HTTPCallError) {
            var response = try await http.execute(call)
            if !call.followsRedirects, [307, 308].contains(response.status) {
                call.followsRedirects = true
                response = try await http.execute(call)
            }
            let index = response.headers.first(name: "X-Consul-Index").flatMap { UInt64($0) }
            return Answer(status: response.status, body: response.body, index: index ?? 0)
        } catch {
            throw ConsulClientError(shown(error), isUnreachable: true)
        }
    }

    /// Reads an endless answer part by part, until its end or the task's cancellation.
    func stream(
        _ path: String, _ parameters: [(String, String)],
        part: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(ConsulClientError) {
        let call = call("GET", path, parameters, body: [], timeout: nil)
        // The text of a refusal; nil while the answer is a success.
        let refused = Mutex<[UInt8]?>(nil)
        let status: Int
        do throws(HTTPCallError) {
            let response = try await http.stream(
                call, head: { head in if head.status != 200 { refused.withLock { $0 = [] } } },
                part: { bytes in
                    let isRefusal = refused.withLock { text in
                        text? += bytes
                        return text != nil
                    }
                    if !isRefusal { part(bytes) }
                })
            status = response.status
        } catch {
            throw ConsulClientError(shown(error), isUnreachable: true)
        }
        _ = try Answer(status: status, body: refused.withLock { $0 } ?? [], index: 0).successful()
    }

    /// Returns the URL with the socket instead of its substitute host, as Go shows it.
    private func shown(_ error: HTTPCallError) -> String {
        guard let unixSocket else { return "\(error)" }
        var error = error
        let path = error.url.dropFirst(base.count)
        let socket = Self.escape(unixSocket).split(
            separator: "/", omittingEmptySubsequences: false
        ).joined(separator: "%2F")
        error.url = "http://\(socket)\(path)"
        return "\(error)"
    }

    /// Checks the given files even when this connection does not need them.
    private static func refuseBadFiles(_ settings: Settings) throws(ConsulClientError) {
        guard settings.certificateFile.isEmpty == settings.keyFile.isEmpty else {
            throw ConsulClientError("both client cert and client key must be provided")
        }
        let folder = settings.authorityPath
        if !folder.isEmpty, settings.authorityFile.isEmpty {
            guard Files.exists(folder) else {
                throw ConsulClientError("lstat \(folder): no such file or directory")
            }
            try refuseBadAuthorities(in: folder)
        }
        for (path, what) in [
            (settings.authorityFile, "Error loading CA File: "),
            (settings.certificateFile, ""), (settings.keyFile, ""),
        ] where !path.isEmpty {
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try Files.read(path, limit: Limits.authorityBytesMax)
            } catch {
                throw ConsulClientError("\(what)\(error)")
            }
            if path == settings.authorityFile { try refuseWithoutCertificate(bytes, path, what) }
        }
        guard !settings.certificateFile.isEmpty else { return }
        var own = TLSSettings()
        own.certificateFile = settings.certificateFile
        own.keyFile = settings.keyFile
        do throws(TLSError) { try own.checkOwnCertificate() } catch {
            throw ConsulClientError("tls: \(error)")
        }
    }

    /// - Parameter location: a file, or a folder whose files each contain certificates.
    private static func refuseBadAuthorities(in location: String) throws(ConsulClientError) {
        let what = "Error loading CA Path: "
        let files: [(path: String, bytes: [UInt8])]
        do throws(FileError) {
            var paths = [location]
            if Files.isDirectory(location) {
                paths = try Files.list(location).map { "\(location)/\($0)" }
                    .filter { !Files.isDirectory($0) }
            }
            var found: [(String, [UInt8])] = []
            for path in paths {
                found.append((path, try Files.read(path, limit: Limits.authorityBytesMax)))
            }
            files = found
        } catch {
            throw ConsulClientError("\(what)\(error)")
        }
        for file in files { try refuseWithoutCertificate(file.bytes, file.path, what) }
    }

    private static func refuseWithoutCertificate(
        _ bytes: [UInt8], _ path: String, _ what: String
    ) throws(ConsulClientError) {
        let text = String(decoding: bytes, as: UTF8.self)
        if text.contains("-----BEGIN CERTIFICATE-----") { return }
        throw ConsulClientError("\(what)Couldn't parse PEM in: \(path)")
    }

    private func call(
        _ method: String, _ path: String, _ parameters: [(String, String)], body: [UInt8],
        timeout: GoDuration?
    ) -> HTTPCall {
        var parameters = parameters
        if !settings.datacenter.isEmpty { parameters.append(("dc", settings.datacenter)) }
        if !settings.namespace.isEmpty { parameters.append(("ns", settings.namespace)) }
        if settings.isStale { parameters.append(("stale", "")) }
        let query = parameters.map { "\(Self.escape($0.0))=\(Self.escape($0.1))" }
            .joined(separator: "&")
        var call = HTTPCall(
            method: method, url: base + path + (query.isEmpty ? "" : "?\(query)"), body: body,
            timeout: timeout)
        call.unixSocket = unixSocket
        if !token.isEmpty { call.headers.add(name: "X-Consul-Token", value: token) }
        if !settings.basicAuthorization.isEmpty {
            let encoded = Base64.encode(settings.basicAuthorization.utf8)
            call.headers.add(name: "Authorization", value: "Basic \(encoded)")
        }
        call.tls = tls
        return call
    }

    private var tls: TLSSettings? {
        guard base.hasPrefix("https") else { return nil }
        var tls = TLSSettings()
        tls.skipsVerification = !settings.verifiesTLS
        tls.authorityFile = settings.authorityFile.isEmpty ? nil : settings.authorityFile
        tls.authorityPath = settings.authorityPath.isEmpty ? nil : settings.authorityPath
        tls.certificateFile = settings.certificateFile.isEmpty ? nil : settings.certificateFile
        tls.keyFile = settings.keyFile.isEmpty ? nil : settings.keyFile
        tls.serverName = settings.tlsServerName.isEmpty ? nil : settings.tlsServerName
        return tls
    }

    /// Escapes a part of a path or query. `/` stays, as keys contain it, unless the part has empty
    /// parts, `.` or `..`, which the agent would clean: then each `/` is escaped, and the dots of a
    /// part that is nothing else.
    public static func escape(_ text: String) -> String {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isClean = parts.enumerated().allSatisfy { index, part in
            part.isEmpty
                ? parts.count == 1 || index > 0 && index == parts.count - 1
                : part.count > 2 || !part.allSatisfy { $0 == UInt8(ascii: ".") }
        }
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x7E: out.append(byte)
            case 0x2E where isClean || parts.count > 1, 0x2F where isClean: out.append(byte)
            default:
                out += [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
