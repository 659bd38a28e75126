package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import Platform
import Primitives

/// Sends single requests for health checks and handlers, each on a connection of its own.
///
/// It accepts the same responses as HashiCorp's agent, whose Go client tolerates the faults of many
/// servers: bare line feeds, hundreds of fields, a truncated body. Credentials of the URL are sent
/// as Basic, and the proxies of the environment are used. `HTTPClient` is the strict one, for
/// Consul's API.
package struct ProbeClient: Sendable {
    private let group: any EventLoopGroup
    private let proxies: ProxyRules
    private let contexts = TLSContexts()

    package init(on group: any EventLoopGroup, proxies: ProxyRules = .environment) {
        self.group = group
        self.proxies = proxies
    }

    /// Sends `call` and reads the part of the answer that `call.keep` selects. Once the head of an
    /// answer has arrived the call succeeds, at the latest at its timeout. Cancelling the task ends
    /// it.
    package func execute(_ call: HTTPCall) async throws(HTTPCallError) -> HTTPClientResponse {
        let deadline = call.timeout.map { NIODeadline.now() + .nanoseconds(max(1, $0.nanoseconds)) }
        guard RequestRules.isToken(call.method) else {
            throw HTTPCallError(
                call, reason: "net/http: invalid method \(GoText.quoted(call.method))")
        }
        var hop = Hop(call)
        do {
            hop.url = try ProbeURL(call.url)
            if let url = hop.url, !url.credentials.isEmpty,
                !hop.call.headers.contains(name: "Authorization")
            {
                hop.call.headers.add(
                    name: "Authorization",
                    value: "Basic \(Base64.encode(Array(url.credentials.utf8)))")
            }
            while let url = hop.url {
                let response = try await exchange(hop.call, url, deadline)
                guard call.followsRedirects,
                    let location = response.headers.first(name: "Location"), !location.isEmpty,
                    try hop.follow(response.status, location)
                else { return response }
            }
            throw ProbeURLError("no Host in request URL")
        } catch let error as ProbeURLError {
            throw HTTPCallError(hop.call, reason: error.reason)
        } catch let error as ResponseReader.Failure {
            throw HTTPCallError(hop.call, kind: .broken, reason: error.reason)
        } catch {
            throw HTTPCallError(hop.call, error, isTimedOut: error is ProbeTimeout, hasHead: false)
        }
    }

    private func exchange(
        _ call: HTTPCall, _ url: ProbeURL, _ deadline: NIODeadline?
    ) async throws -> HTTPClientResponse {
        let loop = group.next()
        let proxy = call.unixSocket == nil ? try proxies.proxy(for: url) : nil
        let makeTLS = try tls(call, url)
        let promise = loop.makePromise(of: HTTPClientResponse.self)
        let tunnels = proxy != nil && url.isTLS
        let request = ProbeRequest.bytes(call, url, throughProxy: tunnels ? nil : proxy)
        let connect = tunnels ? ProbeRequest.connect(url, proxy) : nil
        let left = deadline.map { $0 - .now() } ?? .nanoseconds(
            Limits.clientConnectTimeout.nanoseconds)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(max(left, .nanoseconds(1)))
            .channelInitializer { channel in
                loop.makeCompletedFuture {
                    promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                    let exchange = ProbeExchange(
                        request: request,
                        tunnel: connect.flatMap { connect in
                            makeTLS.map { .init(request: connect, makeTLS: $0) }
                        },
                        isHead: call.method == "HEAD", keep: call.keep, deadline: deadline,
                        promise: promise)
                    if connect == nil, let makeTLS {
                        try channel.pipeline.syncOperations.addHandler(makeTLS())
                    }
                    try channel.pipeline.syncOperations.addHandler(exchange)
                }
            }
        let dial =
            if let path = call.unixSocket {
                bootstrap.connect(unixDomainSocketPath: path)
            } else {
                bootstrap.connect(host: proxy?.host ?? url.host, port: proxy?.port ?? url.port)
            }
        dial.whenFailure { error in
            if case ChannelError.connectTimeout = error, deadline != nil {
                promise.fail(ProbeTimeout())
            } else {
                promise.fail(error)
            }
        }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }

    private func tls(
        _ call: HTTPCall, _ url: ProbeURL
    ) throws -> (@Sendable () throws -> NIOSSLClientHandler)? {
        guard url.isTLS else { return nil }
        let settings = call.tls ?? TLSSettings()
        let context = try contexts.context(for: settings)
        let given = settings.serverName ?? ""
        let name = given.isEmpty ? url.host : given
        let isName = HostAddresses.bytes(of: name) == nil
        return {
            try NIOSSLClientHandler(context: context, serverHostname: isName ? name : nil)
        }
    }
}

/// The present call while redirects are followed.
private struct Hop {
    var call: HTTPCall
    var url: ProbeURL?
    private var count = 0

    init(_ call: HTTPCall) { self.call = call }

    /// Follows a redirect, as Go does: 301, 302 and 303 become a GET without body, and credentials
    /// are not sent to another host.
    /// - Returns: false when the status is not a redirect.
    mutating func follow(_ status: Int, _ location: String) throws -> Bool {
        guard [301, 302, 303, 307, 308].contains(status), let from = url else { return false }
        guard count < Limits.redirectsMax else {
            throw ProbeURLError("stopped after \(Limits.redirectsMax) redirects")
        }
        count += 1
        if status <= 303, !["GET", "HEAD"].contains(call.method) {
            call.method = "GET"
            call.body = []
        }
        let next = try from.resolve(location)
        if next.host != from.host {
            for name in ["Authorization", "Cookie"] { call.headers.remove(name: name) }
        }
        call.headers.remove(name: "Host")
        call.url = next.text
        url = next
        return true
    }
}

/// Encodes a request.
private enum ProbeRequest {
    /// - Parameter proxy: forwards plain requests, whose target is the whole URL.
    static func bytes(
        _ call: HTTPCall, _ url: ProbeURL, throughProxy proxy: ProxyRules.Proxy?
    ) -> [UInt8] {
        let target = proxy == nil ? url.target : "http://\(url.authority)\(url.target)"
        var text = "\(call.method) \(target) HTTP/1.1\r\n"
        if !call.headers.contains(name: "Host") { text += "Host: \(url.authority)\r\n" }
        for (name, value) in call.headers { text += "\(name): \(value)\r\n" }
        if let proxy { text += authorization(proxy) }
        if !call.headers.contains(name: "Connection") { text += "Connection: close\r\n" }
        let hasBody = !call.body.isEmpty || ["POST", "PUT", "PATCH"].contains(call.method)
        if hasBody { text += "Content-Length: \(call.body.count)\r\n" }
        return Array("\(text)\r\n".utf8) + call.body
    }

    static func connect(_ url: ProbeURL, _ proxy: ProxyRules.Proxy?) -> [UInt8] {
        let address = joinHostPort(url.host, url.port)
        var text = "CONNECT \(address) HTTP/1.1\r\nHost: \(address)\r\n"
        if let proxy { text += authorization(proxy) }
        return Array("\(text)\r\n".utf8)
    }

    private static func authorization(_ proxy: ProxyRules.Proxy) -> String {
        if proxy.credentials.isEmpty { return "" }
        return "Proxy-Authorization: Basic "
            + "\(Base64.encode(Array(proxy.credentials.utf8)))\r\n"
    }
}
