package import Primitives

/// A server's address and protocol.
package struct DNSListener: Hashable, Sendable {
    package enum Transport: Hashable, Sendable {
        /// UDP and TCP on the same port.
        case plain
        /// TCP behind TLS (RFC 7858).
        case tls
    }

    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    package var transport: Transport

    package init(host: String, port: Int, _ transport: Transport = .plain) {
        self.host = host
        self.port = port
        self.transport = transport
    }
}

/// The bounds and timeouts of a server.
package struct DNSServerLimits: Hashable, Sendable {
    package var connections = Limits.connectionsMax
    package var connectionsPerClient = Limits.connectionsPerClientMax
    package var idleTimeout = Limits.idleTimeout
    package var recursions = Limits.recursionsMax
    package var notifyInterval = Limits.notifyInterval
    package init() {}
}
