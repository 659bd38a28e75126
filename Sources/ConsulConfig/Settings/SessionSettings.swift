package import Primitives

/// How long the sessions of this datacenter live, by the leader's clock.
package struct SessionSettings: Sendable {
    /// The shortest TTL that a session may have; zero for Consul's 10 seconds.
    package var ttlMin = GoDuration.zero
    /// What a session lives beyond its TTL; zero for Consul's rule, which is the TTL once more.
    package var ttlGrace = GoDuration.zero

    static let settings: [Setting] = [
        Setting(
            "session_ttl_min", \.sessions.ttlMin, "The shortest TTL of a session.",
            fallsBack: true, check: LimitSettings.notNegative),
        Setting(
            "session_ttl_grace", \.sessions.ttlGrace,
            "Ends a session this long after its TTL, rather than after twice its TTL.",
            fallsBack: true, check: LimitSettings.notNegative),
    ]
}
