import Telemetry
import Testing
import Wire

@Suite struct OutputTests {
    private static let readings = [
        MetricReading(MetricName("raft.applied_index"), .gauge(12)),
        MetricReading(MetricName("raft.apply"), help: "Commands proposed.", .count(3)),
        MetricReading(MetricName("dns.stale_queries"), help: "Stale.", .count(0)),
        MetricReading(
            MetricName("fsm.kvs", labels: [("op", "set")]), help: "Carried out.",
            .timing(TimingReading(of: [1_000_000, 3_000_000]))),
    ]

    @Test func intervalIsShownOnceItIsOver() throws {
        var memory = IntervalMemory()
        memory.add(named(Self.readings), at: second(100))
        #expect(memory.shown?.start == 100)
        memory.add(named([MetricReading(MetricName("raft.apply"), .count(4))]), at: second(107))
        memory.add(named([MetricReading(MetricName("raft.apply"), .count(5))]), at: second(110))
        // Values collected at the boundary belong to the time before it.
        let shown = try #require(memory.shown)
        #expect(shown.start == 100)
        #expect(shown.counters.values.map { $0.sum } == [12])
        memory.add([], at: second(125))
        #expect(memory.shown?.start == 110)
    }

    @Test func lastMinuteIsKept() {
        var memory = IntervalMemory()
        for step in 0..<30 { memory.add(named(Self.readings), at: second(1000 + Int64(step) * 10)) }
        #expect(memory.intervals.map { $0.start } == [1240, 1250, 1260, 1270, 1280, 1290])
    }

    @Test func summaryHasConsulsForm() throws {
        var memory = IntervalMemory()
        memory.add(named(Self.readings), at: second(1_795_273_270))
        let shown = try #require(memory.shown)
        let text = String(decoding: JSONWriter.encode(MetricsSummary(of: shown)), as: UTF8.self)
        #expect(
            text == """
                {"Timestamp":"2026-11-21 15:01:10 +0000 UTC",\
                "Gauges":[{"Name":"consul.raft.applied_index","Value":12,"Labels":{}}],\
                "Points":[],\
                "Counters":[{"Name":"consul.raft.apply","Count":3,"Rate":0.3,"Sum":3,"Min":1,\
                "Max":1,"Mean":1,"Stddev":0,"Labels":{}}],\
                "Samples":[{"Name":"consul.fsm.kvs","Count":2,"Rate":0.4,"Sum":4,"Min":1,"Max":3,\
                "Mean":2,"Stddev":\(deviation),"Labels":{"op":"set"}}]}
                """)
    }

    /// The deviation of 1 and 3, from the middles of their buckets.
    private var deviation: Double {
        var value = Aggregate()
        value.add(TimingReading(of: [1_000_000, 3_000_000]), at: 0)
        #expect(abs(value.deviation - 2.0.squareRoot()) < 0.15)
        return value.deviation
    }

    @Test func dumpHasALineForEachValue() {
        var memory = IntervalMemory()
        memory.add(named(Self.readings), at: second(1_795_273_270))
        memory.add([], at: second(1_795_273_280))
        let time = "2026-11-21 15:01:10 +0000 UTC"
        let lines = IntervalText.lines(of: memory)
        #expect(lines.count == 3)
        #expect(lines[0] == "[\(time)][G] 'consul.raft.applied_index': 12.000")
        #expect(
            lines[1] == "[\(time)][C] 'consul.raft.apply': Count: 3 Sum: 3.000 LastUpdated: \(time)"
        )
        #expect(
            lines[2].hasPrefix("[\(time)][S] 'consul.fsm.kvs.set': Count: 2 Min: 1.000 Mean: 2"))
    }

    @Test func prometheusReadsGrowingTotals() {
        var totals = RunningTotals()
        totals.add(named(Self.readings), at: second(100))
        totals.add(named(Self.readings), at: second(101))
        #expect(
            PrometheusText.text(totals.all(), .native) == """
                # HELP consul_dns_stale_queries_total Stale.
                # TYPE consul_dns_stale_queries_total counter
                consul_dns_stale_queries_total 0
                # HELP consul_fsm_kvs Carried out.
                # TYPE consul_fsm_kvs summary
                consul_fsm_kvs{op="set",quantile="0.5"} 1.015808
                consul_fsm_kvs{op="set",quantile="0.9"} 3
                consul_fsm_kvs{op="set",quantile="0.99"} 3
                consul_fsm_kvs_sum{op="set"} 8
                consul_fsm_kvs_count{op="set"} 4
                # HELP consul_raft_applied_index consul_raft_applied_index
                # TYPE consul_raft_applied_index gauge
                consul_raft_applied_index 12
                # HELP consul_raft_apply_total Commands proposed.
                # TYPE consul_raft_apply_total counter
                consul_raft_apply_total 6

                """)
    }

    @Test func quantilesAreRecentAndDisappearWithoutValues() {
        var totals = RunningTotals()
        totals.add(named(Self.readings), at: second(100))
        totals.add([], at: second(135))
        let text = PrometheusText.text(totals.all(), .consul)
        #expect(text.contains("consul_fsm_kvs{op=\"set\",quantile=\"0.5\"} NaN"))
        #expect(text.contains("consul_fsm_kvs_count{op=\"set\"} 2"))
        #expect(totals.all(after: second(101)).isEmpty)
    }

    @Test func namesFitPrometheus() {
        var totals = RunningTotals()
        let reading = MetricReading(
            MetricName(parts: ["http", "GET", "v1", "kv", "_"]), .timing(TimingReading(of: [5])))
        totals.add(named([reading]), at: 1)
        #expect(
            PrometheusText.text(totals.all(), .consul).contains("\nconsul_http_GET_v1_kv___count 1")
        )
        #expect(
            PrometheusText.text(totals.all(), .native).contains("\nconsul_http_get_v1_kv_count 1"))
        let label = MetricReading(MetricName("w", labels: [("watch", "a\"\\\nb")]), .gauge(1))
        totals.add(named([label]), at: 1)
        #expect(
            PrometheusText.text(totals.all(), .native).contains(#"consul_w{watch="a\"\\\nb"} 1"#))
    }

    @Test func linesOfStatsd() {
        var naming = MetricNaming()
        naming.host = "web1"
        let readings = named(Self.readings, naming)
        #expect(
            readings.flatMap { LineEncoder.lines($0.0, $0.1, .statsd) } == [
                "consul.web1.raft.applied_index:12.000000|g", "consul.raft.apply:3.000000|c",
                "consul.fsm.kvs.set:1.015808|ms", "consul.fsm.kvs.set:3.000000|ms",
            ])
        #expect(
            readings.flatMap { LineEncoder.lines($0.0, $0.1, .dogstatsd(tags: ["a:b", "c"])) } == [
                "consul.raft.applied_index:12.000000|g|#a:b,c",
                "consul.raft.apply:3.000000|c|#a:b,c",
                "consul.fsm.kvs:1.015808|ms|#a:b,c,op:set",
                "consul.fsm.kvs:3.000000|ms|#a:b,c,op:set",
            ])
        let many = MetricReading(
            MetricName("kvs.apply"),
            .timing(TimingReading(of: [180_000, 180_000, 180_000, 180_000])))
        #expect(
            LineEncoder.lines(many, Series("consul.kvs.apply"), .statsd)
                == ["consul.kvs.apply:0.180000|ms|@0.250000"])
    }

    @Test func datagramsAreBounded() {
        let lines = (0..<200).map { "consul.line.\($0):1.000000|c" }
        let datagrams = LineEncoder.datagrams(lines)
        #expect(datagrams.allSatisfy { $0.count <= 1400 && $0.last == 0x0A })
        let all = datagrams.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
        #expect(all.map(String.init) == lines)
        #expect(LineEncoder.datagrams([String(repeating: "x", count: 1400)]).isEmpty)
    }
}
