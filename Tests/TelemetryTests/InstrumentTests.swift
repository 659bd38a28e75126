import Primitives
import Telemetry
import Testing

@Suite struct InstrumentTests {
    @Test func oneNameIsOneInstrument() {
        let registry = MetricRegistry()
        registry.counter("a.b", help: "").increment()
        registry.counter("a.b", help: "").increment(by: 2)
        registry.counter("a.b", [("op", "set")], help: "").increment()
        #expect(registry.drain().map { $0.value } == [.count(3), .count(1)])
        #expect(registry.drain().map { $0.value } == [.count(0), .count(0)])
    }

    @Test func nameOfAnotherKindIsNotMixedIn() {
        let registry = MetricRegistry()
        registry.counter("a", help: "").increment()
        registry.timing("a", help: "").record(.seconds(1))
        #expect(registry.drain().count == 1)
    }

    @Test func gaugesAreReadAtEachCollection() {
        let registry = MetricRegistry()
        registry.gauge("there", help: "") { 4 }
        registry.gauge("missing", help: "") { nil }
        #expect(registry.drain().map { $0.value } == [.gauge(4)])
    }

    @Test func bucketsCoverAllDurationsInOrder() {
        var random = SeededRandom(seed: 7)
        var last = -1
        for shift in 0..<62 {
            for _ in 0..<20 {
                let value = 1 << shift + Int(random.next() % UInt64(1 << shift))
                let index = TimingBuckets.index(of: value)
                #expect((0..<TimingBuckets.count).contains(index))
                if (128..<(1 << 39)).contains(value) {
                    let middle = TimingBuckets.middle(of: index)
                    #expect(abs(middle - Double(value)) <= Double(value) / 15)
                }
            }
            let index = TimingBuckets.index(of: 1 << shift)
            #expect(index >= last)
            last = index
        }
        #expect(TimingBuckets.index(of: 0) == 0)
    }

    @Test func nothingIsLostBetweenThreads() async {
        let timing = MetricRegistry()
        let instrument = timing.timing("t", help: "")
        var total = TimingReading()
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for value in 1...5000 { instrument.record(.nanoseconds(Int64(value))) }
                }
            }
            group.addTask { @Sendable in }
            await group.waitForAll()
        }
        for reading in timing.drain() {
            if case .timing(let timing) = reading.value { total.add(timing) }
        }
        #expect(total.count == 20_000)
        #expect(total.sum == 4 * 5000 * 5001 / 2)
        #expect(total.least == 1)
        #expect(total.largest == 5000)
    }

    @Test func quantilesAreNearTheExactValues() {
        let reading = TimingReading(of: (1...1000).map { $0 * 1000 })
        for share in [0.5, 0.9, 0.99] {
            let truth = share * 1_000_000
            #expect(abs(reading.quantile(share) - truth) < truth / 10)
        }
        #expect(TimingReading(of: [5000]).quantile(0.5) == 5000)
    }
}
