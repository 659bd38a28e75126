package import Primitives

/// Bounds on requests of clients.
package struct LimitSettings: Sendable {
    package var httpMaxConnectionsPerClient = 200
    package var httpsHandshakeTimeout = GoDuration.seconds(5)
    package var kvMaxValueSize = 512 << 10
    package var txnMaxRequestLength = 512 << 10
    package var defaultQueryTime = GoDuration.seconds(300)
    package var maxQueryTime = GoDuration.seconds(600)
    package var allowWriteHTTPFrom: [String] = []
    package var allowedHosts: [String] = []
    package var refusesUnknownDeregistration = false
    package var blockEndpoints: [String] = []
    package var responseHeaders: [String: String] = [:]
    package var useCache = true
    package var discoveryMaxStale = GoDuration.zero
    package var allowsUnprintablePaths = false
    init() {}

    static let settings: [Setting] = [
        Setting(
            "limits.http_max_conns_per_client", \.limits.httpMaxConnectionsPerClient,
            "How many HTTP connections one address may have; 0 is no bound.", reloads: true,
            fallsBack: true, check: SettingChecks.notNegative),
        Setting(
            "limits.https_handshake_timeout", \.limits.httpsHandshakeTimeout,
            "How long a TLS handshake of a client may take.", fallsBack: true, check: positive),
        Setting(
            "limits.kv_max_value_size", \.limits.kvMaxValueSize,
            "Bytes that one value of the key/value store may have.", fallsBack: true,
            check: SettingChecks.positive),
        Setting(
            "limits.txn_max_req_len", \.limits.txnMaxRequestLength,
            "Bytes that the body of a transaction may have, if more than a value may have.",
            fallsBack: true, check: SettingChecks.positive),
        Setting(
            "default_query_time", \.limits.defaultQueryTime,
            "the amount of time a blocking query will wait before Consul will force a response. "
                + "This value can be overridden by the 'wait' query parameter.",
            flag: "default-query-time", fallsBack: true, check: positive),
        Setting(
            "max_query_time", \.limits.maxQueryTime,
            "the maximum amount of time a blocking query can wait before Consul will force a "
                + "response. Consul applies jitter to the wait time. The jittered time will be "
                + "capped to MaxQueryTime.",
            flag: "max-query-time", fallsBack: true, check: positive),
        Setting(
            "http_config.allow_write_http_from", \.limits.allowWriteHTTPFrom,
            "Only allow write endpoint calls from given network. CIDR format, can be specified "
                + "multiple times.",
            flag: "allow-write-http-from", reloads: true,
            check: AddressSettings.networks),
        Setting(
            "http_config.allowed_hosts", \.limits.allowedHosts,
            "Host names that clients of the API may use besides addresses, loopback names, names "
                + "without a dot and those of the DNS domain; *.example.com for all of a domain, * "
                + "for any. Empty: any on listeners that other machines reach.",
            reloads: true),
        Setting(
            "http_config.deregister_unknown_404", \.limits.refusesUnknownDeregistration,
            "Answer the deregistration of an unknown service or check with 404, as newer versions "
                + "of Consul do, instead of 200.",
            reloads: true),
        Setting(
            "http_config.block_endpoints", \.limits.blockEndpoints,
            "Prefixes of paths that are answered with 403.", reloads: true),
        Setting(
            "http_config.response_headers", \.limits.responseHeaders,
            "Headers added to every answer.", reloads: true),
        Setting(
            "http_config.use_cache", \.limits.useCache,
            "Whether ?cached may be answered from the agent's cache.", isActedOn: false),
        Setting(
            "discovery_max_stale", \.limits.discoveryMaxStale,
            "Lets any server answer catalog and health reads that ask for no consistency of their "
                + "own, if it heard from the leader within this time.",
            reloads: true, fallsBack: true, check: notNegative),
        Setting(
            "disable_http_unprintable_char_filter", \.limits.allowsUnprintablePaths,
            "Accept control characters in request paths.", reloads: true),
    ]

    @Sendable static func positive(_ value: GoDuration) -> String? {
        value.nanoseconds > 0 ? nil : "\(value) must be more than 0s"
    }
    @Sendable static func notNegative(_ value: GoDuration) -> String? {
        value.nanoseconds >= 0 ? nil : "\(value) must not be negative"
    }
}
