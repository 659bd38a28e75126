import Primitives

/// Decides which host names a request may use for this agent.
///
/// A page in a browser can make its own name resolve to a loopback address (DNS rebinding) and so
/// read and write the API of an agent that listens for this machine alone. The `Host` header still
/// has that name. It always has a dot and is never an address, so that addresses and names without
/// a dot are allowed.
struct HostRule {
    private let allowed: [String]
    private let ownDomains: [String]
    private let nodeName: String

    init(_ settings: AgentContext.Settings, nodeName: String) {
        allowed = settings.allowedHosts.map { Self.plain($0[...]) }
        ownDomains = settings.ownDomains.map { Self.plain($0[...]) }
        self.nodeName = Self.plain(nodeName[...])
    }

    /// - Parameter onLoopback: true for a listener on a loopback address. Any other one accepts
    ///   every name until `http_config.allowed_hosts` is set.
    func accepts(_ host: String, onLoopback: Bool) -> Bool {
        guard onLoopback || !allowed.isEmpty else { return true }
        let name = Self.plain(Self.withoutPort(host))
        if !name.utf8.contains(UInt8(ascii: ".")) || IPAddress(name) != nil { return true }
        if name == nodeName || name.hasSuffix(".localhost") { return true }
        if ownDomains.contains(where: { !$0.isEmpty && name.hasSuffix(".\($0)") }) { return true }
        return allowed.contains { pattern in
            if pattern == "*" || pattern == name { return true }
            return pattern.hasPrefix("*.") && name.hasSuffix(pattern.dropFirst())
        }
    }

    /// Returns `name` of `name:port`, and the address of `[v6]:port`; the whole text when it has
    /// neither form, so that nothing behind a bracket or a colon is ignored.
    private static func withoutPort(_ host: String) -> Substring {
        if host.hasPrefix("["), let close = host.firstIndex(of: "]") {
            let rest = host[host.index(after: close)...]
            guard rest.isEmpty || isPort(rest) else { return host[...] }
            return host[host.index(after: host.startIndex)..<close]
        }
        guard let colon = host.firstIndex(of: ":"), isPort(host[colon...]) else { return host[...] }
        return host[..<colon]
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.hasPrefix(":") && text.utf8.dropFirst().allSatisfy { $0 &- 0x30 < 10 }
    }

    /// Returns the name in lower case, without the dot of the DNS root.
    private static func plain(_ name: Substring) -> String {
        (name.hasSuffix(".") ? name.dropLast() : name).lowercased()
    }
}
