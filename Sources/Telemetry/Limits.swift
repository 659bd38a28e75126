import Primitives

/// The bounds of this target, each with its reason.
package enum Limits {
    /// Names measured. Routes and commands need some 200; watches add four each.
    package static let metricsMax = 8192
    /// The length of an interval: Consul's, which its users' rates are made for.
    package static let intervalSeconds: Int64 = 10
    /// Intervals kept, the one under way included: a minute, as in Consul.
    package static let intervalsKept = 6
    /// Bytes of a datagram: what fits an Ethernet frame, as statsd's clients have it.
    package static let datagramBytesMax = 1400
}
