package import ConsulModel
import DNSWire
package import Primitives

/// How questions are answered: the settings of one moment. Names without a comment are those of
/// `dns_config`.
package struct DNSRules: Hashable, Sendable {
    package var domain = "consul."
    /// Empty for none.
    package var altDomain = ""
    package var datacenter = "dc1"
    /// The agent's node, from which round trips are counted. Not of `dns_config`.
    package var nodeName = ""
    /// `address` or `address:port`, asked in this order.
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
    /// Networks whose hosts may have the whole zone.
    package var transferAllow: [String] = []
    /// Secondaries that are told of changes.
    package var transferNotify: [String] = []
    package var records: [DNSRecordDefinition] = []
    package init() {}

    /// Which recursor is asked first.
    package enum RecursorStrategy: String, Sendable {
        case sequential, random
    }

    /// In which order a service's instances stand.
    package enum AnswerOrder: String, Sendable {
        /// Another one each time.
        case random
        /// Another one each time, in which those of more weight come first more often.
        case weighted
        /// By node and ID, always.
        case sorted
        /// By round-trip time from the node that asks, where its address is one's; else from the
        /// agent's. In any order where it is not known where that node stands.
        case near
    }
}

/// The rules, and what is made of them once: names in their wire form, TTLs in seconds.
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

    /// The TTL of an answer about a service: its own, else that of the longest `prefix*`.
    func ttl(ofService name: String) -> UInt32 {
        if ttlNames.isEmpty, ttlPrefixes.isEmpty { return 0 }
        if let own = ttlNames[name] { return own }
        return ttlPrefixes.first { name.hasPrefix($0.prefix) }?.seconds ?? 0
    }

    /// How many octets of `name` stand before the domain; nil for a name outside of it.
    func prefixLength(of name: DNSName) -> Int? {
        let main = name.offset(of: domain)
        guard let altDomain, let other = name.offset(of: altDomain) else { return main }
        // The more specific domain is the one that is meant.
        return min(main ?? other, other)
    }

    /// `labels` under the domain; nil where they make no name.
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
