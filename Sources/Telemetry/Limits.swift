import Primitives

/// The bounds of this target, each with its reason.
package enum Limits {
    /// Metrics of one registry. Routes and commands need some 200; each watch adds four.
    package static let metricsMax = 8192
    /// The length of an interval: Consul's, to which its users' rates are adapted.
    package static let intervalSeconds: Int64 = 10
    /// Intervals kept, the one under way included: a minute, as in Consul.
    package static let intervalsKept = 6
    /// Bytes of a datagram: fits an Ethernet frame, as in statsd's clients.
    package static let datagramBytesMax = 1400
}
