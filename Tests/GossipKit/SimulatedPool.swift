package import Memberlist
package import Primitives

/// Nodes on one clock and a simulated network. Everything follows from the seed.
package final class SimulatedPool<Node: PoolNode> {
    enum Event {
        case wake(Int, life: Int, at: Instant)
        case packet(from: Int, to: Int, [UInt8])
        case request(from: Int, OutgoingStream, life: Int, to: Int, [UInt8])
        case reply(to: Int, OutgoingStream, life: Int, [UInt8])
        case failure(to: Int, OutgoingStream, life: Int, String)
    }

    /// The parts of a node that belong to its host.
    struct Host {
        var isDown = false
        /// Rises with each start: events of an earlier process are dropped.
        var life = 0
        var wakeAt: Instant?
        /// Until then no input is handled: it waits.
        var pausedUntil = Instant.zero
        /// Every datagram is handled this much later, while timers are on time.
        var lag = GoDuration.zero
        var clock = NodeClock()
        /// Streams that wait for their answer, with the life in which they were opened.
        var openStreams: Set<OutgoingStream> = []
    }

    package private(set) var nodes: [Node] = []
    var hosts: [Host] = []
    package var network: SimulatedNetwork
    package var random: SeededRandom
    package private(set) var now = Instant.zero
    package private(set) var traffic = Traffic()
    /// Receives each observation, with the index of its node.
    package var onObservation: (Int, Observation) -> Void = { _, _ in }
    package var checks = PoolChecks()
    /// The first broken rule; the run ends with it.
    package private(set) var violation: Violation?
    let seed: UInt64
    private var events = EventQueue<Event>()
    /// The answer of the request that is being handled.
    private var answer: [UInt8]?
    private let makeNode: (Int, SeededRandom) -> Node

    /// - Parameter makeNode: makes the node with an index, at `SimulatedPool.address(of:)`.
    package init(
        _ count: Int, seed: UInt64, makeNode: @escaping (Int, SeededRandom) -> Node
    ) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        network = SimulatedNetwork(nodes: count)
        self.makeNode = makeNode
        for index in 0..<count {
            nodes.append(makeNode(index, SeededRandom(seed: random.next())))
            hosts.append(Host())
        }
    }

    package static func name(of index: Int) -> String { "n\(index)" }

    package static func address(of index: Int) -> TransportAddress {
        let bytes = [10, UInt8(index >> 16 & 0xFF), UInt8(index >> 8 & 0xFF), UInt8(index & 0xFF)]
        guard let address = TransportAddress(bytes: bytes, port: 7946) else {
            preconditionFailure("node \(index) has no address")
        }
        return address
    }

    private func index(of address: TransportAddress) -> Int? {
        let bytes = address.bytes
        guard bytes.count == 4 else { return nil }
        let index = Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
        return index < nodes.count ? index : nil
    }

    package var indices: Range<Int> { nodes.indices }
    package func isDown(_ index: Int) -> Bool { hosts[index].isDown }
    func isPaused(_ index: Int) -> Bool { hosts[index].pausedUntil > now }
    package var live: [Int] { nodes.indices.filter { !hosts[$0].isDown } }

    // MARK: Nodes

    /// Starts the nodes with these indices, each within a span of time.
    package func start(_ some: some Sequence<Int>) {
        for index in some { change(index) { $0.start(now: $1, into: &$2) } }
    }

    /// Stops a node at once: its process is killed.
    package func kill(_ index: Int) { hosts[index].isDown = true }

    /// Starts a killed node, or kills and starts it, with nothing remembered.
    package func restart(_ index: Int) {
        nodes[index] = makeNode(index, SeededRandom(seed: random.next()))
        hosts[index].isDown = false
        hosts[index].life += 1
        hosts[index].wakeAt = nil
        hosts[index].openStreams = []
        hosts[index].pausedUntil = .zero
        checks.forget(observer: index)
        start([index])
    }

    /// Delays all input of a node until a span has passed, like a process without processor time.
    /// Its timers come before the datagrams that wait then.
    package func pause(_ index: Int, for span: GoDuration) {
        endPause(index, at: max(hosts[index].pausedUntil, now + span))
    }

    /// Makes a node handle datagrams late, like a process with a long queue.
    package func setLag(_ index: Int, _ lag: GoDuration) { hosts[index].lag = lag }
    package func lag(of index: Int) -> GoDuration { hosts[index].lag }

    /// Ends the pause of a node, if it has one.
    func resume(_ index: Int) {
        if isPaused(index) { endPause(index, at: now) }
    }

    private func endPause(_ index: Int, at end: Instant) {
        hosts[index].pausedUntil = end
        hosts[index].wakeAt = end
        events.schedule(.wake(index, life: hosts[index].life, at: end), at: end)
    }

    /// Gives a node a clock that began at another time and has another speed. Called before its
    /// start.
    package func setClock(_ index: Int, offset: GoDuration, partsPerMillionFast: Int64) {
        hosts[index].clock = NodeClock(offset: offset, drift: partsPerMillionFast)
    }

    package func join(_ index: Int, _ other: Int) {
        change(index) { $0.join(Self.address(of: other), now: $1, into: &$2) }
    }

    package func leave(_ index: Int) { change(index) { $0.leave(now: $1, into: &$2) } }

    // MARK: Time

    /// Runs for a span.
    package func run(_ span: GoDuration) throws(Violation) {
        let end = now + span
        while let time = events.nextTime, time <= end { try handleNext(time) }
        now = end
    }

    /// Runs until a condition holds, which is examined every `step`.
    ///
    /// - Returns: the time that passed; nil when the limit came first.
    package func run(
        atMost limit: GoDuration, every step: GoDuration = .milliseconds(200),
        until condition: () -> Bool
    ) throws(Violation) -> GoDuration? {
        let start = now
        while !condition() {
            if now - start >= limit { return nil }
            try run(step)
        }
        return now - start
    }

    private func handleNext(_ time: Instant) throws(Violation) {
        guard let event = events.next() else { return }
        now = max(now, time)
        handle(event)
        if let violation { throw violation }
    }

    private func handle(_ event: Event) {
        switch event {
        case .wake(let index, let life, let at):
            guard hosts[index].life == life, hosts[index].wakeAt == at,
                !isDelayed(event, index)
            else { return }
            hosts[index].wakeAt = nil
            step(index, .tick)
        case .packet(let from, let to, let packet):
            if !isDelayed(event, to) { step(to, .packet(packet, from: Self.address(of: from))) }
        case .request(let from, let stream, let life, let to, let frame):
            guard !isDelayed(event, to) else { return }
            answer = nil
            step(to, .streamRequest(stream, frame, from: Self.address(of: from)))
            guard !hosts[to].isDown, let answer else { return }
            traffic.streamBytes += answer.count
            if network.isCut(from: to, to: from) { return }
            events.schedule(
                .reply(to: from, stream, life: life, answer), at: now + network.delay(&random))
        case .reply(let to, let stream, let life, let frame):
            guard hosts[to].life == life, !isDelayed(event, to),
                hosts[to].openStreams.remove(stream) != nil
            else { return }
            step(to, .streamReply(stream, frame))
        case .failure(let to, let stream, let life, let reason):
            guard hosts[to].life == life, !isDelayed(event, to),
                hosts[to].openStreams.remove(stream) != nil
            else { return }
            step(to, .streamFailed(stream, reason: reason))
        }
    }

    /// Postpones an event of a paused node to the end of the pause.
    private func isDelayed(_ event: Event, _ index: Int) -> Bool {
        guard hosts[index].pausedUntil > now, !hosts[index].isDown else { return false }
        events.schedule(event, at: hosts[index].pausedUntil)
        return true
    }

    private func step(_ index: Int, _ input: MemberlistInput) {
        change(index) { $0.step(input, now: $1, into: &$2) }
    }

    /// Calls a node with its own time, and carries out its directives.
    package func change(
        _ index: Int, _ body: (inout Node, Instant, inout Effects) -> Void
    ) {
        guard !hosts[index].isDown else { return }
        traffic.steps += 1
        var effects = Effects()
        body(&nodes[index], hosts[index].clock.local(now), &effects)
        for directive in effects.directives { carryOut(directive, of: index) }
        for observation in effects.observations { onObservation(index, observation) }
        if nodes[index].healthScore >= checks.healthScoresMax || checks.examinesNodes {
            violation = violation ?? checks.check(index, nodes[index], seed: seed, now: now)
        }
    }

    private func carryOut(_ directive: MemberlistDirective, of index: Int) {
        let life = hosts[index].life
        switch directive {
        case .sendPacket(let packet, let address, _):
            traffic.packets += 1
            traffic.packetBytes += packet.count
            guard let to = self.index(of: address) else { return }
            for delay in network.copies(from: index, to: to, &random) {
                events.schedule(
                    .packet(from: index, to: to, packet), at: now + delay + hosts[to].lag)
            }
        case .openStream(let stream, let address, let frame, let deadline):
            traffic.streams += 1
            traffic.streamBytes += frame.count
            hosts[index].openStreams.insert(stream)
            let end = hosts[index].clock.global(deadline)
            events.schedule(.failure(to: index, stream, life: life, "i/o timeout"), at: end)
            guard let to = self.index(of: address), !network.isCut(from: index, to: to),
                !network.isCut(from: to, to: index)
            else { return }
            // The connection takes a round trip before the request. A lost segment is sent again.
            let delay = network.delay(&random) + network.delay(&random) + network.delay(&random)
            events.schedule(
                .request(from: index, stream, life: life, to: to, frame), at: now + delay)
        case .replyStream(_, let frame): answer = frame
        case .closeStream: break
        case .wake(let at):
            let time = max(now, hosts[index].clock.global(at))
            hosts[index].wakeAt = time
            events.schedule(.wake(index, life: life, at: time), at: time)
        case .note: traffic.notes += 1
        }
    }
}

/// The work of a pool.
package struct Traffic: Sendable, Hashable {
    package var packets = 0
    /// Bytes of datagrams before compression, encryption and the headers of UDP and IP.
    package var packetBytes = 0
    package var streams = 0
    package var streamBytes = 0
    package var notes = 0
    package var steps = 0

    package static func - (a: Traffic, b: Traffic) -> Traffic {
        var difference = a
        difference.packets -= b.packets
        difference.packetBytes -= b.packetBytes
        difference.streams -= b.streams
        difference.streamBytes -= b.streamBytes
        difference.notes -= b.notes
        difference.steps -= b.steps
        return difference
    }
}
