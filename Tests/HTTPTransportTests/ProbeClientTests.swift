import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Primitives
import Synchronization
import Testing

@testable import HTTPTransport
@testable import Platform

/// Answers each connection with fixed bytes once the head of a request has arrived, and records the
/// requests.
private final class FixedServer: Sendable {
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let owner: FixedServer
        private var text = ""
        init(_ owner: FixedServer) { self.owner = owner }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            guard text.contains("\r\n\r\n") else { return }
            owner.requests.withLock { $0.append(text) }
            let path = text.split(separator: " ").dropFirst().first.map { String($0) } ?? ""
            let answer = owner.answers[path] ?? owner.answers["*"] ?? ""
            let bytes = ByteBuffer(string: answer)
            let closes = !owner.staysOpen
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in
                if closes { channel.close(promise: nil) }
            }
            text = ""
        }
    }

    let requests = Mutex<[String]>([])
    fileprivate let answers: [String: String]
    fileprivate let staysOpen: Bool
    private let channel = Mutex<(any Channel)?>(nil)

    init(_ answers: [String: String], staysOpen: Bool = false) async throws {
        self.answers = answers
        self.staysOpen = staysOpen
        let bound = try await ServerBootstrap(group: group)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = bound }
    }

    var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }
    var url: String { "http://127.0.0.1:\(port)" }
    func stop() { channel.withLock { $0 }?.close(promise: nil) }
}

@Suite(.timeLimit(.minutes(1))) struct ProbeClientTests {
    private let client = ProbeClient(on: group, proxies: ProxyRules { _ in nil })

    private func call(_ url: String, _ change: (inout HTTPCall) -> Void = { _ in }) -> HTTPCall {
        var call = HTTPCall(url: url, timeout: .seconds(20))
        call.keep = .last(4096)
        change(&call)
        return call
    }

    /// Go's client accepts all of these, and so HashiCorp's checks pass.
    @Test func laxResponsesAreTaken() async throws {
        let fields = (0..<300).map { "X-\($0): v\r\n" }.joined()
        let ok = "HTTP/1.1 200 OK\r\n"
        let server = try await FixedServer([
            "/lf": "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
            "/fields": ok + fields + "Content-Length: 2\r\n\r\nok",
            "/short": ok + "Content-Length: 100\r\n\r\npart",
            "/chunks": ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nffff\r\nrest",
            "/plain": "HTTP/1.0 200 Fine Indeed\r\n\r\nto the end",
            "/interim": "HTTP/1.1 100 Continue\r\n\r\n" + ok + "\r\nok",
            "/bare": "HTTP/1.1 204\r\n\r\n",
        ])
        for (path, body) in [
            ("/lf", "ok"), ("/fields", "ok"), ("/short", "part"), ("/chunks", "okrest"),
            ("/plain", "to the end"), ("/interim", "ok"), ("/bare", ""),
        ] {
            let answer = try await client.execute(call(server.url + path))
            #expect(answer.text == body, "\(path)")
            #expect(answer.status == (path == "/bare" ? 204 : 200))
            if path == "/plain" { #expect(answer.reason == "Fine Indeed") }
        }
        server.stop()
    }

    @Test func theEndOfALongBodyIsKept() async throws {
        let body = "BEGIN" + String(repeating: "z", count: 8998) + "END"
        let server = try await FixedServer([
            "*": "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        ])
        let last = try await client.execute(call(server.url))
        #expect(last.body.count == 4096 && last.text.hasSuffix("END") && last.isTruncated)
        let first = try await client.execute(call(server.url) { $0.keep = .first(5) })
        #expect(first.text == "BEGIN")
        server.stop()
    }

    /// A stream of events never ends; its status is known from the start.
    @Test func aBodyWithoutEndCountsWhenTimeIsOver() async throws {
        let server = try await FixedServer(
            ["/stream": "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"],
            staysOpen: true)
        let answer = try await client.execute(
            call(server.url + "/stream") { $0.timeout = .milliseconds(300) })
        #expect(answer.status == 200 && answer.text == "data: 1\n\n")
        let silent = await #expect(throws: HTTPCallError.self) {
            try await client.execute(
                call(server.url + "/silent") { $0.timeout = .milliseconds(300) })
        }
        #expect(silent?.kind == .timeout)
        server.stop()
    }

    @Test func credentialsOfTheURLBecomeAHeader() async throws {
        let server = try await FixedServer(["*": "HTTP/1.1 200 OK\r\n\r\n"])
        let place = "127.0.0.1:\(server.port)"
        _ = try await client.execute(call("http://user:p%40ss@\(place)/a b?c=%20#part"))
        let request = server.requests.withLock { $0[0] }
        #expect(request.hasPrefix("GET /a%20b?c=%20 HTTP/1.1\r\nHost: \(place)\r\n"))
        #expect(request.contains("Authorization: Basic dXNlcjpwQHNz\r\n"))
        _ = try await client.execute(
            call("http://user:pass@\(place)") { $0.headers = ["Authorization": "Bearer x"] })
        let second = server.requests.withLock { $0[1] }
        #expect(second.contains("Authorization: Bearer x") && !second.contains("Basic"))
        server.stop()
    }

    @Test func redirectsAreFollowedAsInGo() async throws {
        let other = try await FixedServer(["/end": "HTTP/1.1 200 OK\r\n\r\nthere"])
        let server = try await FixedServer([
            "/a/b": "HTTP/1.1 303 See Other\r\nLocation: c?x=1\r\n\r\n",
            "/a/c?x=1": "HTTP/1.1 307 Temporary Redirect\r\nLocation: "
                + "http://localhost:\(other.port)/end\r\n\r\n",
            "/round": "HTTP/1.1 302 Found\r\nLocation: /round\r\n\r\n",
        ])
        let answer = try await client.execute(
            call("http://u:p@127.0.0.1:\(server.port)/a/b") {
                $0.method = "POST"
                $0.body = Array("data".utf8)
            })
        #expect(answer.text == "there")
        let lines = server.requests.withLock { $0.map { $0.prefix { $0 != "\r\n" } } }
        #expect(lines == ["POST /a/b HTTP/1.1", "GET /a/c?x=1 HTTP/1.1"])
        // Another host gets no credentials.
        let last = other.requests.withLock { $0[0] }
        #expect(last.hasPrefix("GET /end ") && !last.contains("Authorization"))
        let error = await #expect(throws: HTTPCallError.self) {
            try await client.execute(call(server.url + "/round"))
        }
        #expect(error?.reason == "stopped after 10 redirects")
        let first = try await client.execute(
            call(server.url + "/round") { $0.followsRedirects = false })
        #expect(first.status == 302)
        server.stop()
        other.stop()
    }

    @Test func errorsBehindARedirectNameItsTarget() async throws {
        let server = try await FixedServer([
            "/away": "HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1:1/\r\n\r\n",
            "/login": "HTTP/1.1 302 Found\r\nLocation: end?next=http://web.local/\r\n\r\n",
            "/end?next=http://web.local/": "HTTP/1.1 200 OK\r\n\r\nin",
        ])
        let error = await #expect(throws: HTTPCallError.self) {
            try await client.execute(call(server.url + "/away"))
        }
        #expect(
            error?.description == "Get \"https://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: "
                + "connection refused")
        // A URL in a relative location's query is not a scheme.
        #expect(try await client.execute(call(server.url + "/login")).text == "in")
        server.stop()
    }

    @Test func oddURLsAndMethodsAreRefusedInGosWords() async throws {
        let server = try await FixedServer(["*": "HTTP/1.1 200 OK\r\n\r\n"])
        let upper = try await client.execute(call("HTTP://127.0.0.1:\(server.port)/"))
        #expect(upper.status == 200)
        for (url, reason) in [
            ("http://x y/", #"invalid character " " in host name"#),
            ("http://{{ GetPrivateIP }}:80/", #"invalid character "{" in host name"#),
            ("http://127.0.0.1/%zz", #"invalid URL escape "%zz""#),
            ("http://a%b/", #"invalid URL escape "%b""#),
            ("http://127.0.0.1/\r\nX: y", "net/url: invalid control character in URL"),
        ] {
            let error = await #expect(throws: HTTPCallError.self) {
                try await client.execute(call(url))
            }
            #expect(error?.reason == reason, "\(url)")
        }
        let method = await #expect(throws: HTTPCallError.self) {
            try await client.execute(call(server.url) { $0.method = "GET /x HTTP/1.1\r\nA: b" })
        }
        #expect(method?.reason == #"net/http: invalid method "GET /x HTTP/1.1\r\nA: b""#)
        #expect(server.requests.withLock { $0.count } == 1)
        server.stop()
    }

    @Test func responseOtherThanHTTPIsNamedInGosWords() async throws {
        let broken = "net/http: HTTP/1.x transport connection broken: "
        let server = try await FixedServer([
            "/ssh": "SSH-2.0-OpenSSH_9.2\r\n", "/code": "HTTP/1.1 abc\r\n\r\n", "/empty": "",
            "/half": "HTTP/1.1 200 OK\r\nA: b\r\n",
            "/long": "HTTP/1.1 200 OK\r\n" + String(repeating: "a", count: 1 << 21),
        ])
        for (path, reason) in [
            ("/ssh", broken + #"malformed HTTP response "SSH-2.0-OpenSSH_9.2""#),
            ("/code", broken + #"malformed HTTP status code "abc""#), ("/empty", "EOF"),
            ("/half", "unexpected EOF"),
            ("/long", "net/http: server response headers exceeded 1048576 bytes; aborted"),
        ] {
            let error = await #expect(throws: HTTPCallError.self) {
                try await client.execute(call(server.url + path))
            }
            #expect(error?.reason == reason, "\(path)")
        }
        server.stop()
        let refused = await #expect(throws: HTTPCallError.self) {
            try await client.execute(call("http://127.0.0.1:1/"))
        }
        #expect(refused?.reason == "dial tcp 127.0.0.1:1: connect: connection refused")
    }

    @Test func aProxyOfTheEnvironmentIsUsed() async throws {
        let server = try await FixedServer(["*": "HTTP/1.1 200 OK\r\n\r\nproxied"])
        let rules = ProxyRules { name in
            ["HTTP_PROXY": "http://u:p@127.0.0.1:\(server.port)"][name]
        }
        let client = ProbeClient(on: group, proxies: rules)
        let answer = try await client.execute(call("http://web.test/status?x"))
        #expect(answer.text == "proxied")
        let request = server.requests.withLock { $0[0] }
        #expect(request.hasPrefix("GET http://web.test/status?x HTTP/1.1\r\nHost: web.test\r\n"))
        #expect(request.contains("Proxy-Authorization: Basic dTpw\r\n"))
        server.stop()
    }

    @Test func aProxyTunnelsTLS() async throws {
        let server = try await FixedServer(["*": "HTTP/1.1 403 Forbidden\r\n\r\n"])
        let rules = ProxyRules { ["https_proxy": "127.0.0.1:\(server.port)"][$0] }
        let error = await #expect(throws: HTTPCallError.self) {
            try await ProbeClient(on: group, proxies: rules).execute(call("https://web.test/"))
        }
        #expect(error?.reason == "proxyconnect: 403 Forbidden")
        let request = server.requests.withLock { $0[0] }
        #expect(request.hasPrefix("CONNECT web.test:443 HTTP/1.1\r\nHost: web.test:443\r\n"))
        server.stop()
    }
}

@Suite struct ProxyRulesTests {
    @Test func exceptionsFollowGosRules() throws {
        let rules = ProxyRules { name in
            [
                "HTTP_PROXY": "proxy:3128", "HTTPS_PROXY": "http://secure",
                "NO_PROXY": "example.com, .below.net,*.star.org,10.0.0.0/8,192.0.2.7,only.io:8080",
            ][name]
        }
        for (url, isProxied) in [
            ("http://elsewhere.com/", true), ("http://example.com/", false),
            ("http://a.example.com/", false), ("http://notexample.com/", true),
            ("http://below.net/", true), ("http://a.below.net/", false),
            ("http://star.org/", true), ("http://a.star.org/", false),
            ("http://10.1.2.3/", false), ("http://11.1.2.3/", true),
            ("http://192.0.2.7:81/", false), ("http://only.io:8080/", false),
            ("http://only.io/", true), ("http://localhost:99/", false),
            ("http://127.3.2.1/", false), ("http://[::1]/", false),
        ] {
            #expect(try (rules.proxy(for: ProbeURL(url)) != nil) == isProxied, "\(url)")
        }
        let secure = try rules.proxy(for: ProbeURL("https://elsewhere.com/"))
        #expect(secure == ProxyRules.Proxy(host: "secure", port: 80, credentials: ""))
        #expect(try ProxyRules { _ in nil }.proxy(for: ProbeURL("http://elsewhere.com/")) == nil)
        let all = ProxyRules { ["http_proxy": "http://p", "no_proxy": "*"][$0] }
        #expect(try all.proxy(for: ProbeURL("http://elsewhere.com/")) == nil)
        // In a CGI program HTTP_PROXY comes from a client's header.
        let cgi = ProxyRules { ["HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"][$0] }
        #expect(try cgi.proxy(for: ProbeURL("http://elsewhere.com/")) == nil)
        let socks = ProxyRules { ["HTTP_PROXY": "socks5://p"][$0] }
        #expect(throws: ProbeURLError.self) {
            try socks.proxy(for: ProbeURL("http://elsewhere.com/"))
        }
    }
}

extension ProbeClientTests {
    /// NIO traps on a field's name beyond ASCII: any checked service could end the agent.
    @Test func oddNamesOfResponseFieldsAreSkipped() async throws {
        let server = try await FixedServer([
            "*": "HTTP/1.1 200 OK\r\n\u{E9}: x\r\nX y: z\r\n: w\r\nX-Y: 1\r\n\r\nbody"
        ])
        let answer = try await client.execute(call(server.url))
        #expect(answer.status == 200 && answer.body == Array("body".utf8))
        #expect(answer.headers.map { $0.name } == ["X-Y"])
        server.stop()
    }

    /// Go's client refuses these too; sent, they would be requests of their own.
    @Test(arguments: [
        ("GET /x HTTP/1.1\r\n", "/", "a", "b"), ("", "/", "a", "b"), ("B\u{C4}D", "/", "a", "b"),
        ("GET", "/ HTTP/1.1\r\nA: b", "a", "b"), ("GET", "/\u{7F}", "a", "b"),
        ("GET", "/", "\u{E9}", "b"), ("GET", "/", "a\r\nb", "c"), ("GET", "/", "", "c"),
        ("GET", "/", "a b", "c"), ("GET", "/", "a", "b\r\nc: d"), ("GET", "/", "a", "\0"),
    ])
    func requestsThatWouldSplitAreRefused(
        method: String, path: String, name: String, value: String
    ) async throws {
        let server = try await FixedServer(["*": "HTTP/1.1 200 OK\r\n\r\n"])
        await #expect(throws: HTTPCallError.self) {
            var odd = call(server.url + path) { $0.method = method }
            try odd.add([(name: name, value: value)])
            _ = try await client.execute(odd)
        }
        #expect(server.requests.withLock { $0 }.isEmpty)
        server.stop()
    }

    @Test func onlyTheClientSetsTheFraming() async throws {
        let server = try await FixedServer(["*": "HTTP/1.1 200 OK\r\n\r\n"])
        var odd = call(server.url) { $0.body = Array("abc".utf8) }
        try odd.add([
            (name: "Content-Length", value: "1000"), (name: "transfer-Encoding", value: "chunked"),
            (name: "Trailer", value: "x"), (name: "X", value: "y"),
        ])
        _ = try await client.execute(odd)
        let sent = server.requests.withLock { $0.first ?? "" }
        #expect(sent.contains("Content-Length: 3\r\n") && sent.contains("X: y\r\n"))
        #expect(!sent.contains("1000") && !sent.contains("chunked") && !sent.contains("Trailer"))
        server.stop()
    }
}
