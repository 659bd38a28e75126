import Glibc
import GossipKit
import Memberlist
import Primitives

/// The measurements, each printed as a table.
enum Bench {
    private static var options: MemberlistOptions {
        var options = MemberlistOptions.lan
        // Forgetting a member copies each node's index of names: too much memory at 10,000.
        options.gossipToTheDeadTime = .hours(1)
        return options
    }

    private static func runs(_ count: Int) -> UInt64 {
        count > 1000 ? 1 : count > 100 ? 3 : 20
    }

    private static func cell(_ text: String, _ width: Int = 10) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func cell(_ value: Double, _ width: Int = 10) -> String {
        let tenths = Int((value * 10).rounded())
        return cell("\(tenths / 10).\(abs(tenths % 10))", width)
    }

    /// Prints one row; the first cell is to the left.
    private static func row(_ cells: [String]) {
        print(cells.joined(separator: " | "))
        fflush(nil)  // Large pools take minutes.
    }

    // MARK: Detection

    /// Prints the times from a death until the first, the median and the last member declares it.
    static func detection(_ counts: [Int]) {
        print("Detection of a death, in seconds: mean over the runs")
        row([cell("members"), cell("suspected"), cell("first"), cell("median"), cell("last")])
        for count in counts {
            var sums = [0.0, 0.0, 0.0, 0.0]
            let seeds = runs(count)
            for seed in 1...seeds {
                guard let found = detect(count, seed) else { return print("not detected") }
                for index in sums.indices { sums[index] += found[index] }
            }
            row([cell("\(count)")] + sums.map { cell($0 / Double(seeds)) })
        }
        print("")
    }

    private static func detect(_ count: Int, _ seed: UInt64) -> [Double]? {
        let pool = Pools.members(count, seed: seed, options: options)
        do throws(Violation) {
            try pool.run(.seconds(2))
            pool.kill(1)
            let start = pool.now
            var times: [Double] = []
            pool.onObservation = { _, observation in
                if case .gone("n1", _) = observation { times.append((pool.now - start).seconds) }
            }
            let suspected = try pool.run(atMost: .seconds(60), every: .milliseconds(50)) {
                pool.nodes.contains { $0.state(of: "n1")?.state == .suspect }
            }
            let all = try pool.run(atMost: .seconds(300)) { times.count == count - 1 }
            guard all != nil, let suspected else { return nil }
            return [suspected.seconds, times[0], times[times.count / 2], times[times.count - 1]]
        } catch {
            return nil
        }
    }

    // MARK: False positives

    /// Prints how often live members are declared dead.
    static func falsePositives(_ runs: UInt64) {
        print(
            "Live members declared dead: share of all pairs of members, in percent per hour; "
                + "pings by datagram alone")
        row([cell("fault", 28), cell("SWIM"), cell("Lifeguard")])
        for lost in [100, 200, 300] {
            let rates = [false, true].map {
                rate(runs, hasLifeguard: $0) { pool in
                    pool.weather(lost: lost, repeated: 0, stragglers: 0)
                }
            }
            row([cell("\(lost / 10) % loss", 28)] + rates.map { cell($0) })
        }
        for slow in [1, 4, 16] {
            let rates = [false, true].map {
                rate(runs, hasLifeguard: $0) { pool in
                    for index in 0..<slow { pool.setLag(index, .seconds(10)) }
                }
            }
            row([cell("\(slow) of 100 are 10 s late", 28)] + rates.map { cell($0) })
        }
        print("")
    }

    /// Counts the members without a fault of their own that any member declares dead.
    private static func rate(
        _ runs: UInt64, hasLifeguard: Bool, _ begin: (SimulatedPool<MemberNode>) -> Void
    ) -> Double {
        var options = MemberlistOptions.lan
        options.disablesStreamPings = true
        if !hasLifeguard { options = options.withoutLifeguard }
        let count = 100
        let span = GoDuration.seconds(120)
        var deaths = 0
        for seed in 1...runs {
            let pool = Pools.members(count, seed: seed, options: options)
            begin(pool)
            let slow = Set(pool.indices.filter { pool.lag(of: $0) > .zero }.map { "n\($0)" })
            pool.onObservation = { _, observation in
                if case .gone(let name, .dead) = observation, !slow.contains(name) { deaths += 1 }
            }
            try? pool.run(span)
        }
        let hours = Double(runs) * span.seconds / 3600
        return Double(deaths) / hours / Double(count * count) * 100
    }

    // MARK: Traffic

    /// Prints the messages and bytes that each member sends per second in a quiet pool, and in one
    /// with a death.
    static func traffic(_ counts: [Int]) {
        print("Traffic per member and second, without encryption, compression and headers")
        row([
            cell("members"), cell("datagrams"), cell("bytes"), cell("streams"), cell("bytes"),
            cell("with a death: datagrams", 24), cell("bytes"),
        ])
        for count in counts {
            let pool = Pools.members(count, seed: 1, options: options)
            let quietSpan: Int64 = count > 1000 ? 30 : 120
            guard let quiet = measure(pool, .seconds(quietSpan)) else { return }
            pool.kill(1)
            guard let busy = measure(pool, .seconds(20)) else { return }
            let scale = Double(count * Int(quietSpan))
            let busyScale = Double(count * 20)
            row([
                cell("\(count)"), cell(Double(quiet.packets) / scale),
                cell(Double(quiet.packetBytes) / scale), cell(Double(quiet.streams) / scale),
                cell(Double(quiet.streamBytes) / scale),
                cell(Double(busy.packets) / busyScale, 24),
                cell(Double(busy.packetBytes) / busyScale),
            ])
        }
        print("")
    }

    private static func measure(
        _ pool: SimulatedPool<MemberNode>, _ span: GoDuration
    ) -> Traffic? {
        let before = pool.traffic
        do throws(Violation) { try pool.run(span) } catch { return nil }
        return pool.traffic - before
    }

    // MARK: Joins

    /// Prints the time until all know all, when all join the first one at once.
    static func joins(_ counts: [Int]) {
        print(
            "All join one member at once: seconds until 99 % and 100 % of all pairs know each other"
        )
        row([cell("members"), cell("99 %"), cell("100 %")])
        for count in counts {
            let pool = Pools.memberPool(count, seed: 1, options: options, areAcquainted: false)
            pool.start(pool.indices)
            for index in 1..<count { pool.join(index, 0) }
            do throws(Violation) {
                let most = try pool.run(atMost: .seconds(300)) {
                    pool.nodes.reduce(0) { $0 + $1.memberCount } * 100 >= count * count * 99
                }
                let rest = try pool.run(atMost: .seconds(300)) {
                    pool.nodes.allSatisfy { $0.memberCount == count }
                }
                guard let most, let rest else { return print("not converged") }
                row([cell("\(count)"), cell(most.seconds), cell((most + rest).seconds)])
            } catch {
                return print("\(error)")
            }
        }
        print("")
    }
}
