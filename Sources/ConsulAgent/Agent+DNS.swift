import ConsulConfig
import ConsulDNS
import ConsulModel
import ConsulServer
import Logging
import Platform
import Primitives
import Synchronization
import TelemetrySinks

extension Agent {
    /// Starts the DNS server on the configured addresses, unless the port is off.
    func startDNS(_ config: RuntimeConfig) async throws(ConsulAgentError) {
        let listeners =
            Self.listeners(config.listen.dns, .plain) + Self.listeners(config.listen.dnsTLS, .tls)
        if listeners.isEmpty { return }
        var setup = DNSServer.Setup(
            listeners: listeners, rules: Self.dnsRules(config), backend: backend,
            seed: SystemRandom.seed(), unixSeconds: SystemClock.coarseUnixSeconds)
        setup.tls = Self.dnsTLS(config)
        setup.metrics = DNSMetrics(in: metrics.registry, node: config.node.name)
        setup.catalogVersion = { [backend] in backend.catalogVersion(of: $0) }
        let server: DNSServer
        do throws(ConsulDNSError) {
            server = try await DNSServer.start(
                setup, on: loops.group, logger: logSink.logger("agent.dns"))
        } catch {
            throw .start("\(error)")
        }
        changing.withLock { $0.dns = server }
        for address in server.addresses {
            logger.info("Started DNS server", metadata: ["address": "\(address)"])
        }
    }

    private static func listeners(
        _ endpoints: [ListenAddresses.Endpoint], _ transport: DNSListener.Transport
    ) -> [DNSListener] {
        endpoints.compactMap { endpoint in
            guard case .tcp(let host, let port) = endpoint else { return nil }
            return DNSListener(host: host, port: port, transport)
        }
    }

    /// Returns the agent's certificate, for resolvers. `verify_incoming_https` does not apply to
    /// them.
    static func dnsTLS(_ config: RuntimeConfig) -> TLSSettings {
        var tls = Listeners.tls(config)
        tls.verifiesIncoming = config.tls.verifyIncoming
        return tls
    }

    /// The port of the DNS server, for tests; 0 without one.
    package var dnsPort: Int { changing.withLock { $0.dns }?.port ?? 0 }
    package var dnsTLSPort: Int { changing.withLock { $0.dns }?.portOfTLS ?? 0 }

    static func dnsRules(_ config: RuntimeConfig) -> DNSRules {
        let settings = config.dns
        var rules = DNSRules()
        rules.domain = settings.domain
        rules.altDomain = settings.altDomain
        rules.datacenter = config.node.datacenter
        rules.nodeName = config.node.name
        rules.recursors = settings.recursors.filter { !$0.isEmpty }
        rules.recursorTimeout = settings.recursorTimeout
        rules.allowStale = settings.allowStale
        rules.maxStale = settings.maxStale
        rules.aRecordLimit = settings.aRecordLimit
        rules.udpAnswerLimit = settings.udpAnswerLimit
        rules.disableCompression = settings.disableCompression
        rules.enableTruncate = settings.enableTruncate
        rules.onlyPassing = settings.onlyPassing
        rules.nodeMetaTXT = settings.nodeMetaTXT
        rules.nodeTTL = settings.nodeTTL
        rules.serviceTTL = settings.serviceTTL.compactMapValues { GoDuration($0) }
        rules.soaRefresh = settings.soaRefresh
        rules.soaRetry = settings.soaRetry
        rules.soaExpire = settings.soaExpire
        rules.soaMinTTL = settings.soaMinTTL
        rules.recursorStrategy =
            DNSRules.RecursorStrategy(rawValue: settings.recursorStrategy.lowercased())
            ?? .sequential
        rules.answerOrder =
            DNSRules.AnswerOrder(rawValue: settings.answerOrder.lowercased()) ?? .random
        rules.srvPriorityMeta = settings.srvPriorityMeta
        rules.transferAllow = settings.transferAllow
        rules.transferNotify = settings.transferNotify
        rules.records = config.dnsRecords.map { $0.definition }
        return rules
    }
}
