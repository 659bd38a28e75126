import Glibc
import Primitives

/// The proxies of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, in upper or lower
/// case), by the rules of Go's `ProxyFromEnvironment`.
///
/// Requests to `localhost` and to loopback addresses never use a proxy. `NO_PROXY` is a list,
/// separated by commas, of `*`, addresses, CIDR blocks, and domains: `example.com` covers itself
/// and all names below it, `.example.com` only the names below; a port may follow.
package struct ProxyRules: Sendable {
    package struct Proxy: Hashable, Sendable {
        package var host: String
        package var port: Int
        /// `user:password`; empty for none.
        package var credentials: String
    }

    private let plain: String
    private let secure: String
    private let exceptions: [Exception]

    private enum Exception: Sendable {
        case everything
        case block(CIDRBlock, port: Int?)
        case domain(String, isItselfCovered: Bool, port: Int?)
    }

    /// The rules of this process's environment, read once.
    package static let environment = ProxyRules { name in
        getenv(name).map { String(cString: $0) }
    }

    package init(_ variable: (String) -> String?) {
        func either(_ name: String) -> String {
            variable(name) ?? variable(name.lowercased()) ?? ""
        }
        // A CGI program receives a request's header `Proxy` as HTTP_PROXY.
        let isCGI = variable("REQUEST_METHOD") != nil
        plain = isCGI ? variable("http_proxy") ?? "" : either("HTTP_PROXY")
        secure = either("HTTPS_PROXY")
        exceptions = either("NO_PROXY").split(separator: ",").compactMap {
            Self.exception(String($0).trimmingSpaces.lowercased())
        }
    }

    /// Returns the proxy for a request; nil for a direct connection.
    /// - Throws: the reason why the environment's proxy cannot be used.
    func proxy(for url: ProbeURL) throws(ProbeURLError) -> Proxy? {
        let named = url.isTLS ? secure : plain
        guard !named.isEmpty, !isExcepted(url.host, url.port) else { return nil }
        let text = named.contains("://") ? named : "http://\(named)"
        guard text.lowercased().hasPrefix("http://") else {
            throw ProbeURLError(
                "proxyconnect: the proxy's scheme is not supported: name it as http://host:port")
        }
        let proxy = try ProbeURL(text)
        return Proxy(host: proxy.host, port: proxy.port, credentials: proxy.credentials)
    }

    private func isExcepted(_ name: String, _ port: Int) -> Bool {
        let host = name.lowercased().trimmingDots
        if host == "localhost" { return true }
        let address = IPAddress(host)
        if address?.isLoopback ?? false { return true }
        return exceptions.contains { exception in
            switch exception {
            case .everything: return true
            case .block(let block, let own):
                guard let address, own ?? port == port else { return false }
                return block.contains(address)
            case .domain(let domain, let isItselfCovered, let own):
                guard own ?? port == port else { return false }
                return host.hasSuffix(".\(domain)") || isItselfCovered && host == domain
            }
        }
    }

    private static func exception(_ text: String) -> Exception? {
        if text.isEmpty { return nil }
        if text == "*" { return .everything }
        if text.contains("/") { return CIDRBlock(text).map { .block($0, port: nil) } }
        var host = Substring(text)
        var port: Int?
        let hasBrackets = text.hasPrefix("[")
        let isBareIPv6 = !hasBrackets && text.filter { $0 == ":" }.count > 1
        if !isBareIPv6, let colon = text.lastIndex(of: ":"),
            let number = Int(text[text.index(after: colon)...])
        {
            host = text[..<colon]
            port = number
        }
        if hasBrackets { host = host.dropFirst().prefix { $0 != "]" } }
        if let address = IPAddress(host) {
            return CIDRBlock("\(host)/\(address.isIPv6 ? 128 : 32)").map { .block($0, port: port) }
        }
        if host.hasPrefix("*.") { host = host.dropFirst() }
        let covers = !host.hasPrefix(".")
        return .domain(
            String(covers ? host : host.dropFirst()), isItselfCovered: covers, port: port)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self[...]
        while text.first == " " { text = text.dropFirst() }
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }

    fileprivate var trimmingDots: String {
        var text = self[...]
        while text.last == "." { text = text.dropLast() }
        return String(text)
    }
}
