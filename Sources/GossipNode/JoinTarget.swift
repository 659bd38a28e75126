internal import NIOCore
internal import NIOPosix
internal import Platform
package import Primitives

/// The address of a node to join, as an operator writes it: `host`, `host:port`, `[::1]:8301`, each
/// with `name/` before it (memberlist 0.3).
package struct JoinTarget: Sendable, Hashable {
    package var host: String
    package var port: Int

    /// - Parameter defaultPort: of an address without one.
    /// - Returns: nil for a text that is no address: an empty host, or a port beyond 1...65535.
    package init?(_ text: some StringProtocol, defaultPort: Int) {
        let address = text.firstIndex(of: "/").map { text[text.index(after: $0)...] } ?? text[...]
        port = defaultPort
        var host = address
        if address.hasPrefix("["), let end = address.firstIndex(of: "]") {
            host = address[address.index(after: address.startIndex)..<end]
            let rest = address[address.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if !rest.isEmpty {
                guard let port = Int(rest.dropFirst()) else { return nil }
                self.port = port
            }
        } else if let colon = address.firstIndex(of: ":"),
            address.lastIndex(of: ":") == colon
        {
            host = address[..<colon]
            guard let port = Int(address[address.index(after: colon)...]) else { return nil }
            self.port = port
        }
        self.host = String(host)
        guard !host.isEmpty, (1...65535).contains(port) else { return nil }
    }

    /// Resolves a text to the addresses behind its name, on the pool for blocking calls.
    package static func resolve(
        _ text: String, defaultPort: Int
    ) async throws(GossipError) -> [TransportAddress] {
        guard let target = JoinTarget(text, defaultPort: defaultPort) else {
            throw .refused("Failed to resolve \(text): not an address such as 10.0.0.1:8301")
        }
        let port = UInt16(target.port)
        if let ip = IPAddress(target.host) { return [TransportAddress(ip, port: port)] }
        let found = try? await NIOThreadPool.singleton.runIfActive {
            HostAddresses.lookup(target.host, limit: Limits.addressesPerNameMax)
        }
        guard let found, !found.isEmpty else {
            throw .refused("Failed to resolve \(text): lookup \(target.host): no such host")
        }
        return found.compactMap { TransportAddress(bytes: $0, port: port) }
    }
}
