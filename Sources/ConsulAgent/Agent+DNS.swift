import ConsulConfig
import ConsulDNS
import Logging
import Platform
import Primitives
import Synchronization

extension Agent {
    /// Listens for questions where the configuration says; nothing where the port is off.
    func startDNS(_ config: RuntimeConfig) async throws(ConsulAgentError) {
        let listeners = config.listen.dns.compactMap { endpoint -> (host: String, port: Int)? in
            guard case .tcp(let host, let port) = endpoint else { return nil }
            return (host, port)
        }
        if listeners.isEmpty { return }
        let server: DNSServer
        do throws(ConsulDNSError) {
            server = try await DNSServer.start(
                listeners: listeners, rules: Self.dnsRules(config), backend: backend,
                on: loops.group, seed: SystemRandom.seed(),
                unixSeconds: SystemClock.coarseUnixSeconds, logger: logSink.logger("agent.dns"))
        } catch {
            throw .start("\(error)")
        }
        changing.withLock { $0.dns = server }
        for address in server.addresses {
            logger.info("Started DNS server", metadata: ["address": "\(address)"])
        }
    }

    /// Where questions are answered, for tests; 0 for nowhere.
    package var dnsPort: Int { changing.withLock { $0.dns }?.port ?? 0 }

    static func dnsRules(_ config: RuntimeConfig) -> DNSRules {
        let settings = config.dns
        var rules = DNSRules()
        rules.domain = settings.domain
        rules.altDomain = settings.altDomain
        rules.datacenter = config.node.datacenter
        rules.recursors = settings.recursors
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
        return rules
    }
}
