package import ConsulModel
import DNSWire
package import Logging
package import NIOCore
import NIOSSL
package import Platform
import Primitives
import Synchronization

/// Serves DNS on UDP, TCP and TLS.
package final class DNSServer: Sendable {
    /// The rules, and everything that answering needs.
    private let core: DNSCore
    private let channels: [OpenListener]
    private let notifier: ZoneNotifier
    /// The bound addresses: `127.0.0.1:8600 (udp)`.
    package let addresses: [String]

    /// The parts of a server.
    package struct Setup: Sendable {
        package var listeners: [DNSListener]
        /// The certificate of listeners with TLS; nil without any.
        package var tls: TLSSettings?
        package var rules: DNSRules
        package var limits = DNSServerLimits()
        package var backend: any Backend
        /// Returns a number that changes whenever the part of the catalog does, and by which
        /// answers may be cached; nil when only a read can say whether this server may answer.
        package var catalogVersion: @Sendable (CatalogPart) -> UInt64? = { _ in nil }
        package var seed: UInt64
        package var unixSeconds: @Sendable () -> Int
        package var metrics = DNSMetrics()

        package init(
            listeners: [DNSListener], rules: DNSRules, backend: any Backend, seed: UInt64,
            unixSeconds: @escaping @Sendable () -> Int
        ) {
            self.listeners = listeners
            self.rules = rules
            self.backend = backend
            self.seed = seed
            self.unixSeconds = unixSeconds
        }
    }

    /// Listens on all of the listeners or none.
    package static func start(
        _ setup: Setup, on group: any EventLoopGroup, logger: Logger
    ) async throws(ConsulDNSError) -> DNSServer {
        let core = try DNSCore(setup, on: group, logger: logger)
        var channels: [OpenListener] = []
        do throws(ConsulDNSError) {
            for listener in setup.listeners {
                channels += try await core.listen(listener, on: group)
            }
        } catch {
            for listener in channels { try? await listener.channel.close() }
            throw error
        }
        return DNSServer(core, channels, logger)
    }

    private init(_ core: DNSCore, _ channels: [OpenListener], _ logger: Logger) {
        self.core = core
        self.channels = channels
        notifier = ZoneNotifier(core, logger: logger)
        var addresses: [String] = []
        for listener in channels {
            guard let address = listener.channel.localAddress, let ip = address.ipAddress else {
                continue
            }
            let text = "\(joinHostPort(ip, address.port ?? 0)) (\(listener.network))"
            if !addresses.contains(text) { addresses.append(text) }
        }
        self.addresses = addresses
        notifier.follow(core.currentZone)
    }

    /// The port of the first listener.
    package var port: Int { channels.first?.channel.localAddress?.port ?? 0 }
    /// The port of the first listener with TLS; 0 for none.
    package var portOfTLS: Int {
        channels.first { $0.network == "tls" }?.channel.localAddress?.port ?? 0
    }
    /// The number of open TCP connections.
    package var connectionCount: Int { core.connections.load(ordering: .relaxed) }

    /// Replaces the rules for new questions, at a reload. The domain's names and pending questions
    /// keep theirs.
    package func update(_ rules: DNSRules) throws(ConsulDNSError) {
        let zone = try Zone(rules)
        core.replace(zone)
        notifier.follow(zone)
    }

    /// Throws the error that `update` would throw.
    package static func check(_ rules: DNSRules) throws(ConsulDNSError) { _ = try Zone(rules) }

    /// Reads the certificate files again, for new connections; open ones continue. Does nothing
    /// without TLS. Throws, and keeps the old certificate, when the new files are invalid.
    package func replaceTLS(_ settings: TLSSettings) throws(TLSError) {
        guard core.usesTLS else { return }
        core.replaceTLS(try DNSCore.context(settings))
    }

    /// Stops listening and closes all connections.
    package func stop() async {
        notifier.stop()
        for listener in channels { try? await listener.channel.close() }
        await core.closeAll()
    }
}

/// A bound socket and its protocol: `udp`, `tcp` or `tls`.
struct OpenListener: Sendable {
    let network: String
    let channel: any Channel
}
