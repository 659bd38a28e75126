import Primitives
import Raft

/// A group of servers in one thread, with a network, disks, clocks and clients that the seed
/// drives. Runs once.
package final class Cluster {
    enum Event {
        case request(Request, from: Int, fromIncarnation: Int, to: Int, exchange: ExchangeID)
        case reply(Reply, to: Int, incarnation: Int, exchange: ExchangeID)
        case input(Input, to: Int, incarnation: Int)
        case chunk([UInt8], isLast: Bool, from: Int, incarnation: Int, to: Int, ExchangeID)
        case wake(Int, at: Instant)
        case synced(Int, incarnation: Int, through: UInt64)
        case apply(Int, incarnation: Int)
        case snapshotWritten(Int, incarnation: Int, SimulatedDisk.Snapshot)
        case installed(Int, incarnation: Int, ExchangeID, SimulatedDisk.Snapshot)
        case start(Int)
        case crash(Int, incarnation: Int)
        case cutOff(Int)
        case client(Int)
        case giveUp(client: Int, Ticket)
        case fault
        case repairDisk(Int)
    }

    package let seed: UInt64
    let options: RunOptions
    let raft: RaftOptions
    var random: SeededRandom
    var clock = SimulatedClock(now: Instant(nanoseconds: 1_000_000))
    var queue = EventQueue<Event>()
    var network: SimulatedNetwork
    var servers: [SimulatedServer]
    var clients: [SimulatedClient]
    var checkers = Checkers()
    var history: [Operation] = []
    var calls: UInt64 = 0
    var nextTicket: Ticket = 1
    var nextCommand: UInt32 = 1
    /// The owners of the clients' tickets.
    var owners: [Ticket: Int] = [:]
    var isRepairing = false
    var trapsNextLeader = false
    /// The digest of the trace: two runs of one seed agree.
    package private(set) var digest: UInt64 = 0
    package private(set) var steps = 0
    let appliesSlowly: Bool
    let readsByLease: Bool
    /// Servers that speak HashiCorp's wire: no ids, no hints, no pre-vote.
    let foreign: [Bool]

    package init(seed: UInt64, options: RunOptions) {
        self.seed = seed
        self.options = options
        var random = SeededRandom(seed: seed)
        let sizes = [1, 3, 3, 3, 5, 5, 7]
        let count = options.servers ?? sizes[Int(random.next() % 7)]
        let total = count + options.spares
        raft = RunOptions.raft(
            options.bugs, trailing: random.next() % 12,
            appendEntriesMax: 1 + Int(random.next() % 4))
        network = SimulatedNetwork(servers: total)
        network.lostPerMille = options.lostPerMille ?? [0, 0, 10, 50][Int(random.next() % 4)]
        network.repeatedPerMille = [0, 20][Int(random.next() % 2)]
        network.stragglersPerMille = [0, 30][Int(random.next() % 2)]
        appliesSlowly = random.next() % 4 == 0
        let jumps = options.faults.kinds.contains { $0.kind == .clockJump }
        readsByLease = options.readsByLease ?? (!jumps && random.next() % 2 == 0)
        let isMixed = random.next() % 5 == 0
        foreign = (0..<total).map { _ in isMixed && random.next() % 2 == 0 }
        servers = (0..<total).map { SimulatedServer(number: $0) }
        clients = (0..<options.clients).map { SimulatedClient(number: $0) }
        self.random = random
        for number in servers.indices {
            // The lease trusts that no clock runs twice as fast as another; no other rule does.
            let spread: UInt64 = readsByLease ? 101 : 801
            servers[number].rate = 1000 - Int64(spread / 2) + Int64(self.random.next() % spread)
            servers[number].disk.keepsTornRecord = options.bugs.contains(.keepsTornRecord)
        }
        let nonvoters =
            options.nonvoters ?? Int(self.random.next() % UInt64(options.spares + 1))
        let group = (0..<count + nonvoters).map { number in
            Server(
                id: "s\(number + 1)", address: Self.address(number),
                suffrage: number < count ? .voter : .nonvoter)
        }
        begin(Configuration(servers: group), count: count)
    }

    static func address(_ number: Int) -> String { "10.0.0.\(number + 1):8300" }

    private func begin(_ configuration: Configuration, count: Int) {
        for number in servers.indices {
            start(number)
            guard number < count else { continue }
            step(number, .bootstrap(configuration, 0))
        }
        for client in clients.indices { later(.client(client), within: 60, atLeast: 20) }
        if !options.faults.kinds.isEmpty { later(.fault, within: 100, atLeast: 60) }
    }

    // MARK: Running

    /// Runs the simulation to its end.
    ///
    /// - Throws: the first violated rule.
    package func run() throws(Violation) {
        let end = clock.now + .milliseconds(options.milliseconds)
        try play(until: end)
        repairAll()
        try play(until: end + .milliseconds(250))
        var tries = 0
        while !isSettled {
            tries += 1
            guard tries < 60 else { throw violation("progress", "no agreement after repair") }
            try play(until: clock.now + .milliseconds(100))
        }
        checkers.atEnd()
        try check()
        if let key = Linearizability.violation(in: history) {
            throw violation("linearizable", "key \(key)\n" + describe(key))
        }
    }

    private func play(until end: Instant) throws(Violation) {
        // The end is itself an event, so that nothing is taken out and lost.
        queue.schedule(.client(-1), at: end)
        while let (time, event) = queue.next() {
            clock.advance(to: time)
            if case .client(-1) = event { return }
            handle(event)
            try check()
        }
    }

    private func check() throws(Violation) {
        guard let broken = checkers.broken else { return }
        throw violation(broken.rule, broken.detail)
    }

    func violation(_ rule: String, _ detail: String) -> Violation {
        Violation(rule: rule, detail: detail, seed: seed, time: clock.now)
    }

    private func describe(_ key: UInt8) -> String {
        history.filter { $0.key == key }.map { "\($0)" }.joined(separator: "\n")
    }

    /// Acknowledged writes, for the report of a long run.
    package var acknowledged: Int { checkers.acknowledgedCount }

    func trace(_ text: @autoclosure () -> String) {
        if options.isTraced { print("\(clock.now) \(text())") }
    }

    func note(_ word: UInt64) {
        digest = (digest ^ word) &* 0x0000_0100_0000_01B3
        digest ^= digest >> 31
    }

    // MARK: Scheduling

    func later(_ event: Event, within: Int64, atLeast: Int64 = 0) {
        let wait = GoDuration.milliseconds(atLeast)
        let spread = random.duration(below: .milliseconds(within - atLeast))
        queue.schedule(event, at: clock.now + wait + spread)
    }

    func chance(_ one: UInt64, in all: UInt64) -> Bool { random.next() % all < one }

    // MARK: Events

    private func handle(_ event: Event) {
        switch event {
        case .request(let request, let from, let fromIncarnation, let to, let exchange):
            guard servers[to].isUp else { return }
            let number = servers[to].nextInbound
            servers[to].nextInbound += 1
            servers[to].inbound[number] = .init(
                from: from, incarnation: fromIncarnation, exchange: exchange)
            step(to, .request(request, exchange: number))
        case .reply(let reply, let to, let incarnation, let exchange):
            guard servers[to].incarnation == incarnation else { return }
            step(to, .reply(reply, exchange: exchange))
        case .input(let input, let to, let incarnation):
            guard servers[to].incarnation == incarnation else { return }
            step(to, input)
        case .chunk(let bytes, let isLast, let from, let incarnation, let to, let exchange):
            receiveChunk(bytes, isLast, from, incarnation, to, exchange)
        case .wake(let server, let at):
            guard servers[server].isUp, servers[server].wakeAt == at else { return }
            step(server, .tick)
        case .synced(let server, let incarnation, let through):
            synced(server, incarnation, through)
        case .apply(let server, let incarnation):
            guard servers[server].isUp, servers[server].incarnation == incarnation else { return }
            applyNext(server)
        case .snapshotWritten(let server, let incarnation, let snapshot):
            guard servers[server].isUp, servers[server].incarnation == incarnation else { return }
            servers[server].disk.keep(snapshot)
            step(server, .snapshotTaken(snapshot.meta))
        case .installed(let server, let incarnation, let exchange, let snapshot):
            guard servers[server].isUp, servers[server].incarnation == incarnation else { return }
            install(server, exchange, snapshot)
        case .start(let server): start(server)
        case .cutOff(let server): cutOff(server)
        case .crash(let server, let incarnation):
            if servers[server].incarnation == incarnation, !isRepairing { crash(server) }
        case .client(let client): ask(client)
        case .giveUp(let client, let ticket): giveUp(client, ticket)
        case .fault: doFault()
        case .repairDisk(let server):
            servers[server].disk.isFull = false
            servers[server].isSlow = false
        }
    }

    /// Steps a server with one input, and with all immediate results of its directives.
    func step(_ number: Int, _ input: Input) {
        guard servers[number].isUp else { return }
        servers[number].todo.append(input)
        while servers[number].isUp, !servers[number].todo.isEmpty {
            let next = servers[number].todo.removeFirst()
            steps += 1
            let wasLeader = servers[number].core?.role == .leader
            let directives = stepCore(number, next)
            if trapsNextLeader, !wasLeader, servers[number].core?.role == .leader {
                spring(on: number)
            }
            trace("s\(number + 1) < \(next)")
            note(UInt64(directives.count) << 8 | UInt64(number))
            for directive in directives {
                guard servers[number].isUp else { return }
                if servers[number].crashesInStep, chance(1, in: 4) { return crash(number) }
                trace("s\(number + 1)   \(directive)")
                carryOut(directive, number)
            }
        }
    }

    private func stepCore(_ number: Int, _ input: Input) -> [Directive] {
        let now = servers[number].local(clock.now)
        let log = servers[number].disk.log
        return servers[number].core?.step(input, now: now, log: log) ?? []
    }
}
