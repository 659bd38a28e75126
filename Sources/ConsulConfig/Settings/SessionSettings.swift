package import Primitives

/// The lifetime of this datacenter's sessions, by the leader's clock.
package struct SessionSettings: Sendable {
    /// The shortest TTL of a session; zero for Consul's 10 seconds.
    package var ttlMin = GoDuration.zero
    /// The time that a session lives beyond its TTL; zero for Consul's rule, the TTL again.
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
