import Memberlist
import Primitives
import Testing

@testable import Serf

/// Pools under random requests, crashes, partitions and restarts, from a seed.
@Suite struct ChurnTests {
    /// A pool and the facts that the checks need.
    private struct Run {
        let names = (1...7).map { "n\($0)" }
        var pool: SerfPool
        var random: SeededRandom
        var crashed: Set<String> = []
        var tickets: [(name: String, ticket: SerfTicket)] = []
        var snapshots: [String: SnapshotState] = [:]
        /// Events per node since its start.
        var delivered: [String: [String]] = [:]
        var nextEvent = 0

        init(_ seed: UInt64) {
            random = SeededRandom(seed: seed)
            pool = SerfPool(names)
        }

        mutating func act() {
            let name = names.randomElement(using: &random)!
            let other = names.randomElement(using: &random)!
            guard pool.nodes[name]?.stopped == false else { return restart(name) }
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                keep(name)
                pool.crash(name)
                crashed.insert(name)
            case 1: pool.cut = [name]
            case 2, 3: pool.cut = []
            case 4: request(name) { .leave($0) }
            case 5: request(name) { .forceLeave(other, prunes: false, $0) }
            case 6: request(name) { .setTags(["role": other], $0) }
            case 7:
                var query = QueryRequest(name: "load")
                query.wantsAcks = true
                query.relayFactor = 2
                request(name) { .query(query, $0) }
            default:
                nextEvent += 1
                let event = "e\(nextEvent)"
                request(name) {
                    .userEvent(name: event, payload: [], coalesces: false, $0)
                }
            }
        }

        mutating func request(_ name: String, _ input: (SerfTicket) -> SerfInput) {
            tickets.append((name, pool.request(name, input)))
        }

        /// Checks and forgets the log of a process that ends.
        mutating func keep(_ name: String) {
            for case .record(let record) in pool.log(name) {
                snapshots[name, default: SnapshotState()].apply(record)
            }
            let events = pool.userEvents(name)
            #expect(Set(events).count == events.count, "\(name) delivered an event twice")
            for ticket in tickets where ticket.name == name && !crashed.contains(name) {
                if pool.nodes[name]?.stopped == true {
                    #expect(pool.answer(name, ticket.ticket) != nil)
                }
            }
            tickets.removeAll { $0.name == name }
        }

        mutating func restart(_ name: String) {
            if !crashed.contains(name) { keep(name) }
            crashed.remove(name)
            let restored = snapshots[name] ?? SnapshotState()
            pool.start(name, restored: restored)
            for other in names where other != name { pool.join(name, other) }
        }
    }

    /// With these seeds members stayed in the state leaving for ever, as in Serf, before a node
    /// announced itself again.
    @Test(arguments: [11, 14] as [UInt64])
    func poolComesTogetherAgain(_ seed: UInt64) {
        var run = Run(seed)
        for _ in 0..<60 {
            run.act()
            let wait = Int64.random(in: 0..<4_000, using: &run.random)
            run.pool.run(for: .milliseconds(wait))
        }
        run.pool.cut = []
        for name in run.names where run.pool.nodes[name]?.stopped != false { run.restart(name) }
        // Departures that are under way end within 20 s.
        run.pool.run(for: .seconds(30))
        for name in run.names where run.pool.nodes[name]?.stopped != false { run.restart(name) }
        run.pool.run(for: .seconds(240))
        for name in run.names {
            let members = run.pool.nodes[name]?.core.members ?? []
            #expect(members.map(\.name) == run.names, "\(name)")
            #expect(members.allSatisfy { $0.status == .alive }, "\(name): \(members.map(\.status))")
            run.keep(name)
        }
        // The pool still delivers to everybody.
        run.pool.request("n1") {
            .userEvent(name: "last", payload: [], coalesces: false, $0)
        }
        run.pool.run(for: .seconds(40))
        for name in run.names { #expect(run.pool.userEvents(name).last == "last") }
    }
}
