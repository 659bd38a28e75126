import Primitives
import Wire

@testable import Memberlist

/// Runs a script on a pool of cores, line by line. Messages take a millisecond. Prints the notes
/// except those for debugging, the calls of the delegate, and the packets of the traced kinds, with
/// the time since the beginning of the command.
///
/// - `pool n1 n2 n3` starts nodes that know each other, and runs until nothing is left to gossip.
///   `add n4` starts one that knows none; options: `address=10.0.0.9:7946 versions=1.5.2.2.5.4`.
///   `options reclaim=5s gossipdead=2s` before them.
/// - `join n4 n1`, `sync n1 n2`: push/pull. `meta n1 text`, `leave n1`, `forget n1 n2`.
/// - `down n3` loses everything from and to a node; `up n3`; `restart n3` starts it afresh.
///   `cut n1 n2` loses their datagrams, both ways, but not streams; `heal`.
/// - `run 5s` runs the clock. `trace ping nack` sets the kinds of printed packets, `trace stream`
///   the frames.
/// - `give n1 suspect n3 1 n2`, `give n1 dead n3 1 n2`, `give n1 alive n3 5 10.0.0.9:7946 meta`
///   hands a message to a node. `refuse n1 n4 reason`, `refuse-merge n1 reason`.
/// - `members n1` prints its members, `health n1` its score.
struct ScriptRunner {
    struct Problem: Error { let text: String }

    struct Node {
        var core: MemberlistCore
        var recorder = Recorder()
        var isDown = false
        /// Raised when the node is started afresh: events of the earlier one are dropped.
        var life = 0
        var wakeAt: Instant?
    }

    enum Event {
        case wake(String, life: Int, at: Instant)
        case packet(from: String, to: String, [UInt8])
        case request(from: String, OutgoingStream, life: Int, to: TransportAddress, [UInt8])
        case reply(to: String, OutgoingStream, life: Int, [UInt8])
        case failure(to: String, OutgoingStream, life: Int)
    }

    struct Scheduled: Comparable {
        let at: Instant
        let number: Int
        let event: Event
        static func < (a: Self, b: Self) -> Bool {
            a.at != b.at ? a.at < b.at : a.number < b.number
        }
        static func == (a: Self, b: Self) -> Bool { a.number == b.number }
    }

    var nodes: [String: Node] = [:]
    var order: [String] = []
    var options = MemberlistOptions.lan
    var events = MinHeap<Scheduled>()
    var scheduled = 0
    var now = Instant.zero
    var start = Instant.zero
    var printed: [String] = []
    var traced: Set<String> = []
    var cuts: Set<[String]> = []
    /// Frames of the streams that wait for an answer in the present step.
    private var replies: [IncomingStream: [UInt8]] = [:]
    private static let delay = GoDuration.milliseconds(1)

    mutating func run(_ line: String) throws -> [String] {
        var words = line.split(separator: " ").map(String.init)
        let isQuiet = words.first == "quietly"
        if isQuiet { words.removeFirst() }
        printed = []
        start = now
        guard let verb = words.first else { throw Problem(text: line) }
        try carryOut(verb, Array(words.dropFirst()))
        return isQuiet ? [] : printed
    }

    private mutating func carryOut(_ verb: String, _ words: [String]) throws {
        switch verb {
        case "options": try setOptions(words)
        case "pool": try makePool(words)
        case "add": try add(words[0], Array(words.dropFirst()))
        case "restart":
            let address = nodes[words[0]]?.core.localMember.address
            try add(words[0], address.map { ["address=\($0)"] } ?? [])
        case "run":
            guard let time = GoDuration(words[0]) else { throw Problem(text: words[0]) }
            advance(to: now + time)
        case "trace": traced = Set(words)
        case "down": for name in words { nodes[name]?.isDown = true }
        case "up": for name in words { nodes[name]?.isDown = false }
        case "cut": cuts.insert(words.sorted())
        case "heal": cuts = []
        case "refuse":
            nodes[words[0]]?.recorder.refusals[words[1]] = words.dropFirst(2).joined(separator: " ")
        case "refuse-merge":
            nodes[words[0]]?.recorder.mergeRefusal = words.dropFirst().joined(separator: " ")
        case "members": showMembers(words[0])
        case "health":
            printed.append("\(words[0]) health \(nodes[words[0]]?.core.healthScore ?? -1)")
        default: try request(verb, words)
        }
    }

    private mutating func request(_ verb: String, _ words: [String]) throws {
        let now = now
        switch verb {
        case "join", "sync":
            guard let address = nodes[words[1]]?.core.localMember.address else {
                throw Problem(text: words[1])
            }
            change(words[0]) { core, recorder in
                _ = core.pushPull(
                    with: address, isJoin: verb == "join", now: now, delegate: &recorder)
            }
        case "meta":
            change(words[0]) { $0.updateMeta(Array(words[1].utf8), now: now, delegate: &$1) }
        case "leave":
            change(words[0]) { $0.leave(timeout: .seconds(5), now: now, delegate: &$1) }
        case "forget": change(words[0]) { core, _ in core.forget(words[1]) }
        case "give":
            let packet = try message(words)
            guard let source = TransportAddress("10.0.0.99:7946") else { return }
            change(words[0]) { core, recorder in
                core.step(.packet(packet, from: source), now: now, delegate: &recorder)
            }
        default: throw Problem(text: "unknown verb \(verb)")
        }
    }

    private func message(_ words: [String]) throws -> [UInt8] {
        guard let incarnation = Int(words[3]) else { throw Problem(text: words[3]) }
        if words[1] == "alive" {
            var alive = Alive()
            alive.node = words[2]
            alive.incarnation = incarnation
            guard let address = TransportAddress(words[4]) else { throw Problem(text: words[4]) }
            alive.address = Bytes(address.bytes)
            alive.port = Int(address.port)
            if words.count > 5 { alive.meta = Bytes(words[5]) }
            alive.versions = Bytes(VersionVector.consul.bytes)
            return MessageType.alive.encode(alive)
        }
        guard let claim = PoolClaim(name: words[2], incarnation: incarnation, from: words[4])
        else { throw Problem(text: words[2]) }
        return words[1] == "dead"
            ? MessageType.dead.encode(claim.dead) : MessageType.suspect.encode(claim.suspect)
    }

    private mutating func setOptions(_ words: [String]) throws {
        for word in words {
            let parts = word.split(separator: "=").map(String.init)
            guard let time = GoDuration(parts[1]) else { throw Problem(text: word) }
            switch parts[0] {
            case "reclaim": options.deadNodeReclaimTime = time
            case "gossipdead": options.gossipToTheDeadTime = time
            case "pushpull": options.pushPullInterval = time
            default: throw Problem(text: word)
            }
        }
    }

    private mutating func makePool(_ names: [String]) throws {
        for name in names { try add(name, []) }
        for name in names {
            for other in names where other != name {
                guard let member = nodes[other]?.core.localMember else { continue }
                let packet = MessageType.alive.encode(Alive(member))
                let now = now
                change(name) { core, recorder in
                    core.step(
                        .packet(packet, from: member.address), now: now, delegate: &recorder)
                }
            }
        }
        while nodes.values.contains(where: { $0.core.queuedCount > 0 }) {
            advance(to: now + .seconds(1))
        }
        printed = []
    }

    private mutating func add(_ name: String, _ words: [String]) throws {
        if !order.contains(name) { order.append(name) }
        let index = order.firstIndex(of: name) ?? 0
        var address = "10.0.0.\(index + 1):7946"
        var versions = VersionVector.consul
        for word in words {
            let parts = word.split(separator: "=").map(String.init)
            if parts[0] == "address" { address = parts[1] }
            if parts[0] == "versions" {
                let numbers = parts[1].split(separator: ".").compactMap { UInt8($0) }
                versions = VersionVector(bytes: numbers) ?? versions
            }
        }
        guard let parsed = TransportAddress(address) else { throw Problem(text: address) }
        let core = MemberlistCore(
            name: String(name.prefix { $0 != "'" }), address: parsed, meta: [], versions: versions,
            options: options, random: SeededRandom(seed: UInt64(index + 1)))
        nodes[name] = Node(core: core, life: (nodes[name]?.life ?? 0) + 1)
        let now = now
        change(name) { $0.start(now: now, delegate: &$1) }
    }

    private mutating func showMembers(_ name: String) {
        let members = nodes[name]?.core.members.sorted { $0.name < $1.name } ?? []
        let texts = members.map { "\($0.name)@\($0.incarnation) \($0.state)" }
        printed.append("\(name) knows " + texts.joined(separator: ", "))
    }

    // MARK: The network

    private mutating func schedule(_ event: Event, at time: Instant) {
        scheduled += 1
        events.insert(Scheduled(at: time, number: scheduled, event: event))
    }

    private mutating func advance(to end: Instant) {
        while let next = events.first, next.at <= end {
            _ = events.popFirst()
            now = max(now, next.at)
            handle(next.event)
        }
        now = end
    }

    private func isLost(_ from: String, _ to: String) -> Bool {
        nodes[from]?.isDown != false || nodes[to]?.isDown != false
    }

    private func name(at address: TransportAddress) -> String? {
        order.first { nodes[$0]?.core.localMember.address == address }
    }

    private mutating func handle(_ event: Event) {
        let now = now
        switch event {
        case .wake(let name, let life, let at):
            guard nodes[name]?.life == life, nodes[name]?.wakeAt == at else { return }
            change(name) { $0.step(.tick, now: now, delegate: &$1) }
        case .packet(let from, let to, let packet):
            guard !isLost(from, to), !cuts.contains([from, to].sorted()),
                let source = nodes[from]?.core.localMember.address
            else { return }
            change(to) { core, recorder in
                core.step(.packet(packet, from: source), now: now, delegate: &recorder)
            }
        case .request(let from, let stream, let life, let address, let frame):
            guard let to = name(at: address), !isLost(from, to),
                let source = nodes[from]?.core.localMember.address
            else {
                return schedule(
                    .failure(to: from, stream, life: life), at: now + Self.delay)
            }
            change(to) { core, recorder in
                core.step(
                    .streamRequest(1, frame, from: source), now: now, delegate: &recorder)
            }
            let reply = replies.removeValue(forKey: 1)
            schedule(
                reply.map { .reply(to: from, stream, life: life, $0) }
                    ?? .failure(to: from, stream, life: life), at: now + Self.delay)
        case .reply(let to, let stream, let life, let frame):
            guard nodes[to]?.life == life else { return }
            change(to) { $0.step(.streamReply(stream, frame), now: now, delegate: &$1) }
        case .failure(let to, let stream, let life):
            guard nodes[to]?.life == life else { return }
            change(to) { core, recorder in
                core.step(
                    .streamFailed(stream, reason: "connection refused"), now: now,
                    delegate: &recorder)
            }
        }
    }

    /// Calls a core, prints the effects and carries out its directives.
    private mutating func change(
        _ name: String, _ body: (inout MemberlistCore, inout Recorder) -> Void
    ) {
        guard var node = nodes[name], !node.isDown else { return }
        body(&node.core, &node.recorder)
        let directives = node.core.takeDirectives()
        let lines = node.recorder.lines
        node.recorder.lines = []
        nodes[name] = node
        for line in lines { say(name, line) }
        for directive in directives { carryOut(directive, of: name, node.life) }
    }

    private mutating func carryOut(
        _ directive: MemberlistDirective, of name: String, _ life: Int
    ) {
        switch directive {
        case .sendPacket(let packet, let address, let checksummed):
            let to = self.name(at: address)
            let parts = (try? ScriptPrinter.parts(packet)) ?? []
            if parts.contains(where: { traced.contains($0.kind) }) {
                let texts = parts.filter { traced.contains($0.kind) }.map(\.text)
                let crc = checksummed ? "crc, " : ""
                say(name, "> \(to ?? "\(address)") \(crc)\(texts.joined(separator: ", "))")
            }
            guard let to else { return }
            schedule(.packet(from: name, to: to, packet), at: now + Self.delay)
        case .openStream(let stream, let address, let frame, _):
            trace(frame, name, "> \(self.name(at: address) ?? "\(address)")")
            schedule(
                .request(from: name, stream, life: life, to: address, frame), at: now + Self.delay)
        case .replyStream(let stream, let frame):
            trace(frame, name, "answers")
            replies[stream] = frame
        case .closeStream: break
        case .wake(let at):
            nodes[name]?.wakeAt = at
            schedule(.wake(name, life: life, at: at), at: at)
        case .note(let note):
            if note.level != .debug { say(name, "\"\(note.text)\"") }
        }
    }

    private mutating func trace(_ frame: [UInt8], _ name: String, _ verb: String) {
        if traced.contains("stream") { say(name, "\(verb) \(ScriptPrinter.frame(frame))") }
    }

    private mutating func say(_ name: String, _ text: String) {
        let time = GoDuration.milliseconds((now - start).milliseconds)
        printed.append(time == .zero ? "\(name) \(text)" : "\(name) +\(time) \(text)")
    }
}
