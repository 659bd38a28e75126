import Memberlist
import Primitives

@testable import Serf

/// Cores wired back to back on a manual clock: every datagram and every frame of a stream takes one
/// millisecond, in order. Directives are carried out at once.
struct SerfPool {
    struct Node {
        var core: SerfCore
        var address: TransportAddress
        var wakeAt = Instant.distantFuture
        var log: [SerfDirective] = []
        var stopped = false
    }

    private struct Delivery {
        var at: Instant
        var to: TransportAddress
        var input: MemberlistInput
    }

    /// A stream between two nodes, numbered by its receiver.
    private struct Stream {
        var opener: TransportAddress
        var outgoing: OutgoingStream
        var hasReply = false
    }

    private(set) var now = Instant.zero
    var nodes: [String: Node] = [:]
    private(set) var order: [String] = []
    private var deliveries = FIFOQueue<Delivery>()
    private var streams: [IncomingStream: Stream] = [:]
    private var nextStream: IncomingStream = 1
    private var nextTicket: SerfTicket = 100
    /// Nodes without a network.
    var cut: Set<String> = []
    /// Datagrams that are lost: from the first node to the second.
    var blocked: [(from: String, to: String)] = []
    /// The reason why keyrings cannot be written.
    var keyringFailure: String?

    static func address(_ number: Int) -> TransportAddress {
        TransportAddress(bytes: [127, 0, 0, UInt8(number)], port: 8301)!
    }

    static func options(_ change: (inout SerfOptions) -> Void = { _ in }) -> SerfOptions {
        var options = SerfOptions(memberlist: .lan)
        options.leavePropagateDelay = .seconds(1)
        options.matches = { pattern, text in text.contains(pattern) }
        change(&options)
        return options
    }

    // MARK: Nodes

    /// Starts `n1`, `n2` and so on, alone, with the address that their number says.
    ///
    /// - Parameter memberName: another name for the pool, to make two nodes with one name.
    mutating func start(
        _ name: String, as memberName: String? = nil, tags: [String: String] = [:],
        options: SerfOptions = SerfPool.options(),
        keyring: Keyring = Keyring(), restored: SnapshotState = SnapshotState()
    ) {
        let number = Int(name.filter(\.isNumber)) ?? 1
        let address = Self.address(number)
        var core = SerfCore(
            name: memberName ?? name, address: address, tags: tags, options: options,
            keyring: keyring, restored: restored, random: SeededRandom(seed: UInt64(number)))
        let directives = core.start(now: now)
        if !order.contains(name) { order.append(name) }
        nodes[name] = Node(core: core, address: address)
        carryOut(directives, name)
    }

    /// Starts nodes and joins them to the first.
    init(_ names: [String], options: SerfOptions = SerfPool.options()) {
        for name in names { start(name, options: options) }
        guard let first = names.first else { return }
        for name in names.dropFirst() { join(name, first) }
        run(for: .seconds(3))
        for name in names { nodes[name]?.log = [] }
    }

    init() {}

    mutating func crash(_ name: String) { nodes[name] = nil }

    mutating func join(_ name: String, _ other: String, ignoresOld: Bool = true) {
        guard let address = nodes[other]?.address else { return }
        request(name) { .join([address], ignoresOldEvents: ignoresOld, $0) }
    }

    /// Steps a node with a request.
    @discardableResult
    mutating func request(_ name: String, _ input: (SerfTicket) -> SerfInput) -> SerfTicket {
        nextTicket += 1
        step(name, input(nextTicket))
        return nextTicket
    }

    // MARK: Time

    mutating func run(for duration: GoDuration) {
        let end = now + duration
        while let next = nextInstant, next <= end {
            now = max(now, next)
            deliver()
            for name in order where (nodes[name]?.wakeAt ?? .distantFuture) <= now {
                nodes[name]?.wakeAt = .distantFuture
                step(name, .tick)
            }
        }
        now = end
    }

    private var nextInstant: Instant? {
        let wake = nodes.values.map(\.wakeAt).min() ?? .distantFuture
        let next = min(wake, deliveries.first?.at ?? .distantFuture)
        return next == .distantFuture ? nil : next
    }

    private mutating func deliver() {
        while let first = deliveries.first, first.at <= now {
            _ = deliveries.popFirst()
            guard let name = order.first(where: { nodes[$0]?.address == first.to }),
                !cut.contains(name)
            else { continue }
            step(name, .gossip(first.input))
        }
    }

    private mutating func later(_ input: MemberlistInput, to address: TransportAddress) {
        deliveries.append(Delivery(at: now + .milliseconds(1), to: address, input: input))
    }

    // MARK: Directives

    mutating func step(_ name: String, _ input: SerfInput) {
        guard let directives = nodes[name]?.core.step(input, now: now) else { return }
        carryOut(directives, name)
    }

    private mutating func carryOut(_ directives: [SerfDirective], _ name: String) {
        for directive in directives {
            switch directive {
            case .gossip(let gossip): carryOut(gossip, name)
            case .wake(let at): nodes[name]?.wakeAt = at
            case .saveKeyring(_, let ticket):
                nodes[name]?.log.append(directive)
                step(name, .keyringSaved(ticket, failure: keyringFailure))
            case .stop:
                nodes[name]?.stopped = true
                nodes[name]?.wakeAt = .distantFuture
                nodes[name]?.log.append(directive)
            default: nodes[name]?.log.append(directive)
            }
        }
    }

    private mutating func carryOut(_ directive: MemberlistDirective, _ name: String) {
        guard let source = nodes[name]?.address else { return }
        switch directive {
        case .sendPacket(let packet, let address, _):
            guard !cut.contains(name),
                !blocked.contains(where: { $0.from == name && nodes[$0.to]?.address == address })
            else { return }
            later(.packet(packet, from: source), to: address)
        case .openStream(let outgoing, let address, let frame, _):
            guard !cut.contains(name),
                nodes.contains(where: { $0.value.address == address && !cut.contains($0.key) })
            else { return later(.streamFailed(outgoing, reason: "connection refused"), to: source) }
            streams[nextStream] = Stream(opener: source, outgoing: outgoing)
            later(.streamRequest(nextStream, frame, from: source), to: address)
            nextStream += 1
        case .replyStream(let incoming, let frame):
            guard let stream = streams[incoming] else { return }
            streams[incoming]?.hasReply = true
            later(.streamReply(stream.outgoing, frame), to: stream.opener)
        case .closeStream(let incoming):
            guard let stream = streams.removeValue(forKey: incoming), !stream.hasReply else {
                return
            }
            later(.streamFailed(stream.outgoing, reason: "EOF"), to: stream.opener)
        case .wake, .note: break
        }
    }

    // MARK: Observations

    func log(_ name: String) -> [SerfDirective] { nodes[name]?.log ?? [] }

    func events(_ name: String) -> [SerfEvent] {
        log(name).compactMap { if case .event(let event) = $0 { event } else { nil } }
    }

    func userEvents(_ name: String) -> [String] {
        events(name).compactMap { if case .user(let message) = $0 { message.name } else { nil } }
    }

    func progress(_ name: String) -> [QueryProgress] {
        log(name).compactMap { if case .query(_, let progress) = $0 { progress } else { nil } }
    }

    func notes(_ name: String) -> [String] {
        log(name).compactMap { if case .note(let note) = $0 { note.text } else { nil } }
    }

    func records(_ name: String) -> [String] {
        log(name).compactMap { if case .record(let record) = $0 { record.line } else { nil } }
    }

    func answer(_ name: String, _ ticket: SerfTicket) -> SerfOutcome? {
        for case .answer(ticket, let outcome) in log(name) { return outcome }
        return nil
    }

    func status(_ name: String, seenBy observer: String) -> SerfMember.Status? {
        nodes[observer]?.core.member(named: name)?.status
    }
}
