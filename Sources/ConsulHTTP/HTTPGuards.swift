import HTTPTransport
import Primitives

/// The restrictions of `http_config`.
enum HTTPGuards {
    /// Returns the refusal of a request; nil for an allowed one. A blocked path is refused for
    /// every method; writing is refused only for methods that the path has, as in Consul.
    static func refusal(
        _ request: HTTPRequest, _ route: Route, _ subject: String, _ settings: AgentContext.Settings
    ) -> HTTPResponse? {
        let path = route.path(of: subject)
        if settings.blockedPrefixes.contains(where: { path.utf8.starts(with: $0.utf8) }) {
            return ErrorMapping.blocked
        }
        let isWrite = !["GET", "HEAD", "OPTIONS"].contains(request.method)
        guard isWrite, !settings.writers.isEmpty,
            route.takes(request.method)
        else { return nil }
        return mayWrite(request.peer, settings.writers) ? nil : ErrorMapping.restricted
    }

    /// A unix socket has no address, so no network contains it.
    private static func mayWrite(_ peer: HTTPPeer, _ networks: [CIDRBlock]) -> Bool {
        let mapped = "::ffff:"
        var text = peer.address[...]
        if text.hasPrefix(mapped) { text = text.dropFirst(mapped.count) }
        guard let address = IPAddress(text.prefix { $0 != "%" }) else { return false }
        return networks.contains { $0.contains(address) }
    }
}
