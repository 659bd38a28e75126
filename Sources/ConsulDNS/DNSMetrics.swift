import Platform
import Primitives
package import Telemetry

/// The metrics of DNS, with Consul's names.
package struct DNSMetrics: Sendable {
    let domain: Timing
    let reverse: Timing
    let stale: Counter

    /// - Parameter node: this node's name, the label of the timings.
    package init(in registry: MetricRegistry = MetricRegistry(), node: String = "") {
        domain = registry.timing(
            "dns.domain_query", [("node", node)],
            help: "Milliseconds until a question about the domain was answered.")
        reverse = registry.timing(
            "dns.ptr_query", [("node", node)],
            help: "Milliseconds until a reverse question was answered.")
        stale = registry.counter(
            "dns.stale_queries", help: "Answers that were more than 5 seconds behind the leader.")
    }
}

extension Timing {
    /// Returns `done`, wrapped to record the time until it is called.
    func timed(_ done: @escaping @Sendable (Reply) -> Void) -> @Sendable (Reply) -> Void {
        let start = SystemClock.now()
        return { reply in
            done(reply)
            self.record(SystemClock.now() - start)
        }
    }
}
