import Primitives
import Raft

/// The actions of a shell for directives; no decision about the protocol is made here.
extension Cluster {
    func carryOut(_ directive: Directive, _ number: Int) {
        switch directive {
        case .send(let request, let to, let exchange): send(request, number, to, exchange)
        case .reply(let reply, let exchange): self.reply(reply, number, exchange)
        case .sendSnapshot(let install, let to, let exchange):
            sendSnapshot(install, number, to, exchange)
        case .persist(let persist): self.persist(persist, number)
        case .commit(let from, let through): commit(number, from, through)
        case .takeSnapshot: takeSnapshot(number)
        case .compact(let index): write(.compact(through: index), number)
        case .receiveSnapshot(let meta, let exchange):
            servers[number].incoming[exchange] = .init(meta: meta)
        case .installSnapshot(_, let exchange): startInstall(number, exchange)
        case .restore: preconditionFailure("no workload restores")
        case .discardSnapshot(let exchange): servers[number].incoming[exchange] = nil
        case .answer(let ticket, let outcome): answer(ticket, outcome, number)
        case .readReady(let ticket, _): readReady(ticket, number)
        case .roleChanged(let role, let term, _):
            guard role == .leader, let core = servers[number].core else { return }
            // The entry that begins the term is not yet written.
            let log = servers[number].disk.log
            let start = max(core.snapshot?.index ?? 0, log.firstIndex)
            checkers.leads(number, term: term, log: log, start: start)
        case .configurationChanged: break
        case .wake(let at):
            servers[number].wakeAt = at
            let time = max(clock.now, servers[number].global(at))
            if at < .distantFuture { queue.schedule(.wake(number, at: at), at: time) }
        case .stop(let error):
            checkers.breaks("no server stops by itself", "s\(number + 1): \(error)")
        }
    }

    // MARK: Messages

    private func place(of peer: Peer) -> Int? {
        servers.indices.first { Self.address($0) == peer.address }
    }

    private func send(_ request: Request, _ from: Int, _ to: Peer, _ exchange: ExchangeID) {
        guard let to = place(of: to) else { return }
        var request = request
        if foreign[from] { request = Self.withoutExtensions(request) }
        let incarnation = servers[from].incarnation
        if foreign[to], case .vote(let vote) = request, vote.isPreVote {
            let input = Input.preVoteUnsupported(exchange: exchange)
            guard servers[to].isUp, !network.isCut(from: from, to: to) else { return }
            return later(.input(input, to: from, incarnation: incarnation), within: 3, atLeast: 1)
        }
        for delay in network.copies(from: from, to: to, &random) {
            queue.schedule(
                .request(
                    request, from: from, fromIncarnation: incarnation, to: to,
                    exchange: exchange),
                at: clock.now + delay)
        }
    }

    private func reply(_ reply: Reply, _ number: Int, _ exchange: ExchangeID) {
        guard let inbound = servers[number].inbound.removeValue(forKey: exchange) else {
            return checkers.breaks("one reply per request", "s\(number + 1): \(reply)")
        }
        if case .vote(let vote) = reply, vote.granted, let core = servers[number].core,
            core.term == vote.term, core.votedFor != ""
        {
            checkers.votes(number, term: vote.term, for: core.votedFor)
        }
        var reply = reply
        if foreign[number], case .append(var append) = reply {
            append.conflictTerm = 0
            append.conflictIndex = 0
            reply = .append(append)
        }
        for delay in network.copies(from: number, to: inbound.from, &random) {
            queue.schedule(
                .reply(
                    reply, to: inbound.from, incarnation: inbound.incarnation,
                    exchange: inbound.exchange),
                at: clock.now + delay)
        }
    }

    /// Returns the request with the fields of HashiCorp's wire alone.
    private static func withoutExtensions(_ request: Request) -> Request {
        switch request {
        case .append(var append):
            append.leader.id = ""
            return .append(append)
        case .vote(var vote):
            vote.candidate.id = ""
            return .vote(vote)
        case .snapshot(var install):
            install.leader.id = ""
            return .snapshot(install)
        case .timeoutNow: return .timeoutNow(TimeoutNow())
        }
    }

    // MARK: Disk

    private func persist(_ persist: Persist, _ number: Int) {
        var previous = persist.entries.first.flatMap { first in
            first.index == 1 ? 0 : servers[number].disk.log.term(at: first.index - 1)
        }
        if let from = persist.truncateFrom, let first = persist.entries.first?.index, first > from {
            previous = nil
        }
        for entry in persist.entries {
            checkers.writes(entry, previousTerm: previous, by: number)
            previous = entry.term
        }
        write(.persist(persist), number)
        guard servers[number].isUp, !servers[number].isSyncing else { return }
        startSync(number, through: persist.sequence)
    }

    private func write(_ write: SimulatedDisk.Write, _ number: Int) {
        if case .persist(let persist) = write { servers[number].newest = persist.sequence }
        guard servers[number].disk.write(write) else { return crash(number) }
        if servers[number].disk.hasGap { checkers.breaks("no gaps", "s\(number + 1)") }
    }

    private func startSync(_ number: Int, through sequence: UInt64) {
        servers[number].isSyncing = true
        let event = Event.synced(
            number, incarnation: servers[number].incarnation, through: sequence)
        if servers[number].isSlow {
            later(event, within: 60, atLeast: 10)
        } else {
            later(event, within: 2)
        }
    }

    /// One sync for all pending writes: a write that came after its begin has to wait for the next.
    func synced(_ number: Int, _ incarnation: Int, _ sequence: UInt64) {
        guard servers[number].isUp, servers[number].incarnation == incarnation else { return }
        servers[number].isSyncing = false
        guard servers[number].disk.sync() else { return crash(number) }
        // The disk has one queue: by now all of it is there.
        let through = chance(1, in: 2) ? servers[number].newest : sequence
        servers[number].reported = through
        step(number, .persisted(sequence: through))
        guard servers[number].isUp, !servers[number].isSyncing else { return }
        if servers[number].reported < servers[number].newest {
            startSync(number, through: servers[number].newest)
        }
    }

    // MARK: State machine

    private func commit(_ number: Int, _ from: LogIndex, _ through: LogIndex) {
        servers[number].unapplied.append((from, through))
        if !appliesSlowly { return applyNext(number) }
        let event = Event.apply(number, incarnation: servers[number].incarnation)
        queue.schedule(event, at: clock.now + .milliseconds(1))
    }

    func applyNext(_ number: Int) {
        guard !servers[number].unapplied.isEmpty else { return }
        let (from, through) = servers[number].unapplied.removeFirst()
        for index in from...through {
            guard let entry = servers[number].disk.log.entry(at: index) else {
                return checkers.breaks("what is applied is there", "s\(number + 1): \(index)")
            }
            servers[number].results[index] = servers[number].machine.apply(entry)
            checkers.applies(entry, state: servers[number].machine.hash, by: number)
        }
        let input = Input.applied(through: through)
        if appliesSlowly { step(number, input) } else { servers[number].todo.append(input) }
    }

    // MARK: Snapshots

    private func takeSnapshot(_ number: Int) {
        let machine = servers[number].machine
        let log = servers[number].disk.log
        let id = "\(machine.index)-\(servers[number].incarnation)"
        guard chance(9, in: 10),
            var meta = servers[number].core?.snapshotMeta(at: machine.index, id: id, log: log)
        else { return servers[number].todo.append(.snapshotNotTaken) }
        let contents = machine.encoded
        meta.size = UInt64(contents.count)
        let event = Event.snapshotWritten(
            number, incarnation: servers[number].incarnation, .init(meta: meta, contents: contents))
        later(event, within: 10, atLeast: 1)
    }

    private func sendSnapshot(
        _ install: InstallSnapshot, _ from: Int, _ to: Peer, _ exchange: ExchangeID
    ) {
        let incarnation = servers[from].incarnation
        let found = servers[from].disk.snapshots.last { $0.meta.id == install.meta.id }
        guard let to = place(of: to), let contents = found?.contents else {
            return servers[from].todo.append(.failed(exchange: exchange))
        }
        send(.snapshot(install), from, Peer(id: "", address: Self.address(to)), exchange)
        var time = clock.now + network.delayMax * 11
        let size = 20
        for start in stride(from: 0, to: contents.count, by: size) {
            // The stream breaks where a piece is lost; both ends notice after some time.
            guard !network.copies(from: from, to: to, &random).isEmpty else {
                let failed = Input.failed(exchange: exchange)
                queue.schedule(
                    .input(failed, to: from, incarnation: incarnation),
                    at: time + .milliseconds(20))
                queue.schedule(
                    .chunk(
                        [], isLast: true, from: from, incarnation: incarnation, to: to, exchange),
                    at: time + .milliseconds(10))
                return
            }
            let end = min(start + size, contents.count)
            queue.schedule(
                .chunk(
                    Array(contents[start..<end]), isLast: end == contents.count, from: from,
                    incarnation: incarnation, to: to, exchange),
                at: time)
            time = time + .milliseconds(1)
        }
        // Should the answer be lost.
        queue.schedule(
            .input(.failed(exchange: exchange), to: from, incarnation: incarnation),
            at: time + .milliseconds(60))
    }

    func receiveChunk(
        _ bytes: [UInt8], _ isLast: Bool, _ from: Int, _ incarnation: Int, _ to: Int,
        _ exchange: ExchangeID
    ) {
        guard servers[to].isUp,
            let number = servers[to].incoming.keys.sorted().last(where: { key in
                let inbound = servers[to].inbound[key]
                return inbound?.from == from && inbound?.incarnation == incarnation
                    && inbound?.exchange == exchange
            })
        else { return }
        servers[to].incoming[number]?.contents += bytes
        guard isLast, let incoming = servers[to].incoming[number] else { return }
        if UInt64(incoming.contents.count) == incoming.meta.size {
            step(to, .snapshotReceived(exchange: number))
        } else {
            servers[to].incoming[number] = nil
            step(to, .snapshotFailed(exchange: number))
        }
    }

    private func startInstall(_ number: Int, _ exchange: ExchangeID) {
        guard let incoming = servers[number].incoming.removeValue(forKey: exchange) else {
            return checkers.breaks("what is installed is there", "s\(number + 1)")
        }
        let snapshot = SimulatedDisk.Snapshot(meta: incoming.meta, contents: incoming.contents)
        servers[number].disk.keep(snapshot)
        let event = Event.installed(
            number, incarnation: servers[number].incarnation, exchange, snapshot)
        later(event, within: 4)
    }

    func install(_ number: Int, _ exchange: ExchangeID, _ snapshot: SimulatedDisk.Snapshot) {
        guard let machine = KVMachine(encoded: snapshot.contents) else {
            return checkers.breaks("snapshots are whole", "s\(number + 1)")
        }
        servers[number].machine = machine
        servers[number].unapplied = []
        checkers.restores(machine, by: number)
        step(number, .snapshotInstalled(exchange: exchange))
    }

    // MARK: Crash and start

    func crash(_ number: Int) {
        guard servers[number].isUp else { return }
        trace("s\(number + 1) crashes")
        servers[number].core = nil
        servers[number].incarnation += 1
        servers[number].disk.crash(&random)
        servers[number].disk.failsAt = nil
        servers[number].crashesInStep = false
        servers[number].isSyncing = false
        later(.start(number), within: chance(1, in: 3) ? 4 : 80, atLeast: 1)
    }

    func start(_ number: Int) {
        guard !servers[number].isUp else { return }
        servers[number].inbound = [:]
        servers[number].incoming = [:]
        servers[number].unapplied = []
        servers[number].todo = []
        servers[number].results = [:]
        servers[number].disk.isFull = false
        let stored = servers[number].disk.recover()
        trace("s\(number + 1) starts with \(stored)")
        servers[number].machine =
            servers[number].disk.snapshots.last.flatMap { KVMachine(encoded: $0.contents) }
            ?? KVMachine()
        checkers.restores(servers[number].machine, by: number)
        servers[number].newest = 0
        servers[number].reported = 0
        servers[number].core = RaftCore(
            id: servers[number].id, address: Self.address(number), stored: stored,
            log: servers[number].disk.log, random: SeededRandom(seed: random.next()),
            options: raft)
        step(number, .tick)
    }
}
