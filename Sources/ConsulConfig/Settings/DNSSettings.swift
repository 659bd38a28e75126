package import Primitives

/// Settings of DNS answers.
package struct DNSSettings: Sendable {
    package var domain = "consul."
    package var altDomain = ""
    package var recursors: [String] = []
    package var allowStale = true
    package var maxStale = GoDuration.hours(87600)
    package var aRecordLimit = 0
    package var disableCompression = false
    package var enableTruncate = false
    package var nodeTTL = GoDuration.zero
    package var serviceTTL: [String: String] = [:]
    package var onlyPassing = false
    package var recursorTimeout = GoDuration.seconds(2)
    package var udpAnswerLimit = 3
    package var nodeMetaTXT = true
    package var useCache = false
    package var cacheMaxAge = GoDuration.zero
    package var soaRefresh = 3600
    package var soaRetry = 600
    package var soaExpire = 86400
    package var soaMinTTL = 0
    /// `sequential` or `random`.
    package var recursorStrategy = "sequential"
    /// `random`, `weighted`, `sorted` or `near`.
    package var answerOrder = "random"
    package var srvPriorityMeta = ""
    package var transferAllow: [String] = []
    package var transferNotify: [String] = []
    init() {}

    static let settings: [Setting] = names + answers + beyond

    /// Settings that HashiCorp's agent of this version does not have.
    private static let beyond: [Setting] = [
        Setting(
            "dns_config.recursor_strategy", \.dns.recursorStrategy,
            "The recursor for the first try: sequential, the first; random, any.", reloads: true,
            check: SettingChecks.oneOf(["sequential", "random"])),
        Setting(
            "dns_config.answer_order", \.dns.answerOrder,
            "The order of a service's instances: random, weighted by their weights, sorted by node "
                + "and ID, or the near ones first, by round-trip time.",
            reloads: true, check: SettingChecks.oneOf(["random", "weighted", "sorted", "near"])),
        Setting(
            "dns_config.srv_priority_meta", \.dns.srvPriorityMeta,
            "The key of a service's metadata that holds its SRV priority; lower ones come first.",
            reloads: true),
        Setting(
            "dns_config.transfer.allow", \.dns.transferAllow,
            "Networks whose hosts may transfer the whole zone (AXFR).", reloads: true,
            check: AddressSettings.networks),
        Setting(
            "dns_config.transfer.notify", \.dns.transferNotify,
            "Secondaries to notify of changes of the zone: an address, and a port if not 53.",
            reloads: true),
    ]

    private static let answers: [Setting] = [
        Setting(
            "dns_config.allow_stale", \.dns.allowStale, "Let any server answer.", reloads: true),
        Setting(
            "dns_config.max_stale", \.dns.maxStale, "How old an answer may be.", reloads: true,
            fallsBack: true, check: LimitSettings.notNegative),
        Setting(
            "dns_config.a_record_limit", \.dns.aRecordLimit,
            "How many addresses an answer has at most; 0 is no bound.", reloads: true,
            check: SettingChecks.notNegative),
        Setting(
            "dns_config.disable_compression", \.dns.disableCompression,
            "Write names in full.", reloads: true),
        Setting(
            "dns_config.enable_truncate", \.dns.enableTruncate,
            "Mark a shortened UDP answer as truncated.", reloads: true),
        Setting(
            "dns_config.node_ttl", \.dns.nodeTTL, "The TTL of answers about nodes.",
            reloads: true, fallsBack: true, check: LimitSettings.notNegative),
        Setting(
            "dns_config.service_ttl", \.dns.serviceTTL,
            "The TTL of answers by service; a name may end in *.", reloads: true,
            check: durations),
        Setting(
            "dns_config.only_passing", \.dns.onlyPassing,
            "Leave out instances that are not passing, warnings included.", reloads: true),
        Setting(
            "dns_config.recursor_timeout", \.dns.recursorTimeout,
            "How long a recursor may take.", reloads: true, fallsBack: true,
            check: LimitSettings.positive),
        Setting(
            "dns_config.udp_answer_limit", \.dns.udpAnswerLimit,
            "How many records a UDP answer has.", reloads: true, check: SettingChecks.notNegative),
        Setting(
            "dns_config.enable_additional_node_meta_txt", \.dns.nodeMetaTXT,
            "Add the node's metadata as TXT records.", reloads: true),
        Setting(
            "dns_config.use_cache", \.dns.useCache, "Answer from the agent's cache.",
            reloads: true, isActedOn: false),
        Setting(
            "dns_config.cache_max_age", \.dns.cacheMaxAge, "How old the cache may be.",
            reloads: true, isActedOn: false, fallsBack: true, check: LimitSettings.notNegative),
        Setting(
            "dns_config.soa.refresh", \.dns.soaRefresh, "Seconds in the SOA.", reloads: true),
        Setting("dns_config.soa.retry", \.dns.soaRetry, "Seconds in the SOA.", reloads: true),
        Setting("dns_config.soa.expire", \.dns.soaExpire, "Seconds in the SOA.", reloads: true),
        Setting(
            "dns_config.soa.min_ttl", \.dns.soaMinTTL, "Seconds in the SOA.", reloads: true),
    ]

    private static let names: [Setting] = [
        Setting("domain", \.dns.domain, "Domain to use for DNS interface.", flag: "domain"),
        Setting(
            "alt_domain", \.dns.altDomain, "Alternate domain to use for DNS interface.",
            flag: "alt-domain"),
        Setting(
            "recursors", \.dns.recursors,
            "Address of an upstream DNS server. Can be specified multiple times.",
            flag: "recursor", reloads: true, check: recursors),
    ]

    @Sendable private static func recursors(_ addresses: [String]) -> String? {
        let isWildcard = addresses.contains { ["0.0.0.0", "::", "[::]"].contains($0) }
        return isWildcard ? "DNS recursor address cannot be 0.0.0.0, :: or [::]" : nil
    }

    @Sendable private static func durations(_ map: [String: String]) -> String? {
        map.sorted { $0.key < $1.key }.first { GoDuration($0.value) == nil }.map {
            "\(quoted($0.value)) of \(quoted($0.key)) is not a duration such as 10s"
        }
    }
}
