import Telemetry
import Testing

@Suite struct NamingTests {
    @Test func hostIsInTheNamesOfGaugesOnly() {
        var naming = MetricNaming()
        naming.host = "web1"
        let name = MetricName("runtime.alloc_bytes")
        #expect(naming.series(name, isGauge: true)?.name == "consul.web1.runtime.alloc_bytes")
        #expect(naming.series(name, isGauge: true)?.hostless == "consul.runtime.alloc_bytes")
        #expect(naming.series(name, isGauge: false)?.name == "consul.runtime.alloc_bytes")
    }

    @Test func longestRuleDecides() {
        var naming = MetricNaming()
        #expect(naming.setFilter(["-consul.http", "+consul.http.GET.v1.kv"]).isEmpty)
        #expect(naming.series(MetricName("http.PUT.v1.kv._"), isGauge: false) == nil)
        #expect(naming.series(MetricName("http.GET.v1.kv._"), isGauge: false) != nil)
        #expect(naming.series(MetricName("kvs.apply"), isGauge: false) != nil)
        naming.filterDefault = false
        #expect(naming.series(MetricName("kvs.apply"), isGauge: false) == nil)
    }

    @Test func faultyRulesAreReportedAndOmitted() {
        var naming = MetricNaming()
        let problems = naming.setFilter(["consul.http", "", "-consul.raft"])
        #expect(
            problems == [
                "Filter rule must begin with either '+' or '-': \"consul.http\"",
                "Cannot have empty filter rule in prefix_filter",
            ])
        #expect(naming.blocked == ["consul.raft"])
    }
}
