internal import Serf
package import Telemetry

/// The metrics of a node, in Consul's names. Both pools of an agent share one value, as in
/// HashiCorp's agent.
package struct GossipMetrics: Sendable {
    let bytesSent: Counter
    let bytesReceived: Counter
    let streamsAccepted: Counter
    let streamsOpened: Counter
    let healthScore: LastNumber
    let joined: Counter
    let left: Counter
    let failed: Counter
    let updated: Counter
    let reaped: Counter
    let userEvents: Counter
    let queries: Counter

    package init(in registry: MetricRegistry = MetricRegistry()) {
        bytesSent = registry.counter(
            "memberlist.udp.sent", help: "Bytes of gossip sent in datagrams.")
        bytesReceived = registry.counter(
            "memberlist.udp.received", help: "Bytes of gossip received in datagrams.")
        streamsAccepted = registry.counter(
            "memberlist.tcp.accept", help: "Gossip streams that other nodes opened.")
        streamsOpened = registry.counter(
            "memberlist.tcp.connect", help: "Gossip streams that this node opened.")
        healthScore = registry.lastNumber(
            "memberlist.health.score", help: "Lifeguard's health score: 0 is healthy.")
        joined = registry.counter("serf.member.join", help: "Members that joined.")
        left = registry.counter("serf.member.left", help: "Members that left.")
        failed = registry.counter("serf.member.failed", help: "Members that failed.")
        updated = registry.counter("serf.member.update", help: "Members that changed their tags.")
        reaped = registry.counter("serf.member.reap", help: "Members that were forgotten.")
        userEvents = registry.counter("serf.events", help: "User events received.")
        queries = registry.counter("serf.queries", help: "Queries received.")
    }

    func count(_ event: SerfEvent) {
        switch event {
        case .member(let change, _):
            switch change {
            case .join: joined.increment()
            case .leave: left.increment()
            case .failed: failed.increment()
            case .update: updated.increment()
            case .reap: reaped.increment()
            }
        case .user: userEvents.increment()
        case .query: queries.increment()
        }
    }
}
