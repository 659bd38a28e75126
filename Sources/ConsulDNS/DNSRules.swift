package import ConsulModel
import DNSWire
package import Primitives

/// The settings of DNS answers at one time. Names without a comment are those of `dns_config`.
package struct DNSRules: Hashable, Sendable {
    package var domain = "consul."
    /// Empty for none.
    package var altDomain = ""
    package var datacenter = "dc1"
    /// The agent's node, the source of round-trip times. Not from `dns_config`.
    package var nodeName = ""
    /// `address` or `address:port`, queried in this order.
    package var recursors: [String] = []
    package var recursorTimeout = GoDuration.seconds(2)
    package var allowStale = true
    package var maxStale = GoDuration.hours(87600)
    package var aRecordLimit = 0
    package var udpAnswerLimit = 3
    package var disableCompression = false
    package var enableTruncate = false
    package var onlyPassing = false
    package var nodeMetaTXT = true
    package var nodeTTL = GoDuration.zero
    package var serviceTTL: [String: GoDuration] = [:]
    package var soaRefresh = 3600
    package var soaRetry = 600
    package var soaExpire = 86400
    package var soaMinTTL = 0
    package var recursorStrategy = RecursorStrategy.sequential
    package var answerOrder = AnswerOrder.random
    /// The key of a service's metadata that holds its priority; empty for none.
    package var srvPriorityMeta = ""
    /// Networks whose hosts may transfer the zone.
    package var transferAllow: [String] = []
    /// Secondaries that are notified of changes.
    package var transferNotify: [String] = []
    package var records: [DNSRecordDefinition] = []
    package init() {}

    /// The choice of the first recursor.
    package enum RecursorStrategy: String, Sendable {
        case sequential, random
    }

    /// The order of a service's instances.
    package enum AnswerOrder: String, Sendable {
        /// A new random order each time.
        case random
        /// A new random order each time, in which instances with more weight come first more often.
        case weighted
        /// By node and ID, always.
        case sorted
        /// By round-trip time from the sender's node, where its address is a node's; else from the
        /// agent's. In random order where that node's coordinate is not known.
        case near
    }
}

/// The rules, with derived values: names in their wire form, TTLs in seconds.
final class Zone: Sendable {
    let rules: DNSRules
    let domain: DNSName
    let altDomain: DNSName?
    let nodeTTL: UInt32
    /// Longest first.
    private let ttlPrefixes: [(prefix: String, seconds: UInt32)]
    private let ttlNames: [String: UInt32]
    let recursors: [Recursor]
    let transferNetworks: [CIDRBlock]
    let secondaries: [Recursor]
    let records: StaticRecords

    static let arpa = DNSName("arpa.") ?? .root

    init(_ rules: DNSRules) throws(ConsulDNSError) {
        self.rules = rules
        guard let domain = DNSName(rules.domain.lowercased()) else {
            throw .domain(setting: "domain", rules.domain)
        }
        self.domain = domain
        if rules.altDomain.isEmpty {
            altDomain = nil
        } else {
            guard let other = DNSName(rules.altDomain.lowercased()) else {
                throw .domain(setting: "alt_domain", rules.altDomain)
            }
            altDomain = other
        }
        var recursors: [Recursor] = []
        for text in rules.recursors {
            guard let recursor = Recursor(text) else { throw .recursor(text) }
            recursors.append(recursor)
        }
        self.recursors = recursors
        nodeTTL = Self.seconds(rules.nodeTTL)
        (transferNetworks, secondaries) = try Self.transfer(rules)
        records = try StaticRecords(rules.records, domain: domain, ttl: nodeTTL)
        var names: [String: UInt32] = [:]
        var prefixes: [(prefix: String, seconds: UInt32)] = []
        for (name, ttl) in rules.serviceTTL {
            if name.hasSuffix("*") {
                prefixes.append((String(name.dropLast()), Self.seconds(ttl)))
            } else {
                names[name] = Self.seconds(ttl)
            }
        }
        ttlNames = names
        ttlPrefixes = prefixes.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count }
    }

    private static func transfer(
        _ rules: DNSRules
    ) throws(ConsulDNSError) -> ([CIDRBlock], [Recursor]) {
        var networks: [CIDRBlock] = []
        for text in rules.transferAllow {
            guard let network = CIDRBlock(text) else { throw .network(text) }
            networks.append(network)
        }
        var secondaries: [Recursor] = []
        for text in rules.transferNotify {
            guard let secondary = Recursor(text) else { throw .secondary(text) }
            secondaries.append(secondary)
        }
        guard secondaries.count <= Limits.secondariesMax else {
            throw .secondaries(most: Limits.secondariesMax)
        }
        return (networks, secondaries)
    }

    static func seconds(_ time: GoDuration) -> UInt32 {
        UInt32(clamping: time.nanoseconds / 1_000_000_000)
    }

    /// Returns the TTL of an answer about a service: its own, else that of the longest `prefix*`.
    func ttl(ofService name: String) -> UInt32 {
        if ttlNames.isEmpty, ttlPrefixes.isEmpty { return 0 }
        if let own = ttlNames[name] { return own }
        return ttlPrefixes.first { name.hasPrefix($0.prefix) }?.seconds ?? 0
    }

    /// Returns the number of octets of `name` before the domain; nil for a name outside of it.
    func prefixLength(of name: DNSName) -> Int? {
        let main = name.offset(of: domain)
        guard let altDomain, let other = name.offset(of: altDomain) else { return main }
        // The more specific domain takes precedence.
        return min(main ?? other, other)
    }

    /// Returns `labels` under the domain; nil where they are not a name.
    func name(_ labels: [String]) -> DNSName? { DNSName(labels: labels, under: domain) }

    func soa(serial: UInt32) -> ResourceRecord {
        let data = SOAData(
            server: name(["ns"]) ?? domain, mailbox: name(["hostmaster"]) ?? domain,
            serial: serial, refresh: UInt32(clamping: rules.soaRefresh),
            retry: UInt32(clamping: rules.soaRetry), expire: UInt32(clamping: rules.soaExpire),
            minimumTTL: UInt32(clamping: rules.soaMinTTL))
        return ResourceRecord(domain, ttl: data.minimumTTL, .soa(data))
    }
}
