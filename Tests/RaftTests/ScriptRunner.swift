import Primitives
import Raft

/// Runs a script on a group of cores, line by line. Disks and state machines carry out directives
/// at once; messages wait until they are delivered. A line may begin with `@5s`, the time of the
/// rest of the line, and with `quietly`, which prints nothing.
///
/// - `group s1 s2 s3` makes servers with that configuration as their entry 1; `learner=s4` adds a
///   non-voter. `log s1 1 1 2 term=3 vote=s2` gives a server that is not yet started these terms.
///   `start s1`, `crash s1`; unnamed: all. `eager s1` before it: the others never campaign by
///   themselves. `batch 1`: entries in one append.
/// - `tick s1`, `propose s1 text`, `read s1 quorum`, `transfer s1 s2`, `change s1 add-voter s4`,
///   `snapshot s1`, `bootstrap s1`.
/// - `settle` delivers all messages until there are none; `settle except s4` loses those of s4.
///   `deliver s1 s2` those from s1 to s2 that wait now. `lose` breaks all connections.
/// - `show s1` prints its log and its state.
struct ScriptRunner {
    struct Problem: Error { let text: String }

    struct Member {
        var core: RaftCore?
        var log = ScriptLog()
        var hardState = HardState()
        var snapshot: SnapshotMeta?
        var inbound: [ExchangeID: (from: ServerID, exchange: ExchangeID)] = [:]
        var nextInbound: ExchangeID = 1
    }

    enum Message {
        case request(Request, ExchangeID)
        case reply(Reply, ExchangeID)
    }

    var members: [ServerID: Member] = [:]
    var order: [ServerID] = []
    var waiting: [(from: ServerID, to: ServerID, message: Message)] = []
    var now = Instant.zero
    var printed: [String] = []
    var ticket: Ticket = 0
    var eager: Set<ServerID> = []
    var batch = 64

    mutating func run(_ line: String) throws -> [String] {
        var words = line.split(separator: " ").map(String.init)
        if let first = words.first, first.hasPrefix("@") {
            guard let time = GoDuration(first.dropFirst()) else { throw Problem(text: line) }
            now = .zero + time
            words.removeFirst()
        }
        let isQuiet = words.first == "quietly"
        if isQuiet { words.removeFirst() }
        printed = []
        guard let verb = words.first else { throw Problem(text: line) }
        try carryOut(verb, Array(words.dropFirst()))
        return isQuiet ? [] : printed
    }

    private mutating func carryOut(_ verb: String, _ words: [String]) throws {
        switch verb {
        case "group": group(words)
        case "log": try setLog(words)
        case "eager": eager = Set(words)
        case "batch": batch = Int(words[0]) ?? batch
        case "start": for id in words.isEmpty ? order : words { start(id) }
        case "crash":
            for id in words.isEmpty ? order : words { members[id]?.core = nil }
        case "settle": settle(except: Set(words.dropFirst()))
        case "deliver": deliver(from: words[0], to: words[1])
        case "lose":
            let lost = waiting
            waiting = []
            for item in lost { lose(item.from, item.message) }
        case "show": show(words[0])
        default: try request(verb, words)
        }
    }

    private mutating func request(_ verb: String, _ words: [String]) throws {
        let id = words[0]
        ticket += 1
        switch verb {
        case "tick": step(id, .tick)
        case "propose":
            step(id, .propose([Proposal(ticket: ticket, data: Array(words[1].utf8))]))
        case "read": step(id, .read(ticket, words[1] == "lease" ? .lease : .quorum))
        case "transfer": step(id, .transferLeadership(to: words.dropFirst().first, ticket))
        case "change":
            step(id, .changeConfiguration(try change(words), ticket, previousIndex: nil))
        case "snapshot":
            guard let core = members[id]?.core, let log = members[id]?.log,
                let meta = core.snapshotMeta(at: core.appliedIndex, id: "snap", log: log)
            else { throw Problem(text: "nothing to snapshot") }
            members[id]?.snapshot = meta
            step(id, .snapshotTaken(meta))
        case "restore": step(id, .restore(ticket, beyond: LogIndex(words[1]) ?? 0))
        case "bootstrap":
            let servers = words.map { Server(id: $0, address: "\($0):8300") }
            step(id, .bootstrap(Configuration(servers: servers), ticket))
        default: throw Problem(text: "what is \(verb)?")
        }
    }

    private func change(_ words: [String]) throws -> ConfigurationChange {
        let id = words[2]
        switch words[1] {
        case "add-voter": return .addVoter(id: id, address: "\(id):8300")
        case "add-nonvoter": return .addNonvoter(id: id, address: "\(id):8300")
        case "promote": return .promote(id: id)
        case "demote": return .demote(id: id)
        case "remove": return .remove(id: id)
        default: throw Problem(text: words[1])
        }
    }

    // MARK: Servers

    private mutating func group(_ words: [String]) {
        var configuration = Configuration()
        var outside: [String] = []
        for word in words {
            let parts = word.split(separator: "=").map(String.init)
            let id = parts[parts.count - 1]
            order.append(id)
            members[id] = Member()
            if parts[0] == "outside" {
                outside.append(id)
                continue
            }
            configuration.servers.append(
                Server(
                    id: id, address: "\(id):8300",
                    suffrage: parts[0] == "learner" ? .nonvoter : .voter))
        }
        for id in order where !outside.contains(id) {
            members[id]?.log.items = [
                LogEntry(index: 1, term: 1, kind: .configuration, data: configuration.encoded)
            ]
            members[id]?.hardState.term = 1
        }
    }

    private mutating func setLog(_ words: [String]) throws {
        let id = words[0]
        for word in words.dropFirst() {
            let parts = word.split(separator: "=").map(String.init)
            if parts[0] == "vote" { members[id]?.hardState.vote = parts[1] }
            guard let term = Term(parts[parts.count - 1]) else { continue }
            if parts[0] == "term" {
                members[id]?.hardState.term = term
            } else {
                let index = (members[id]?.log.lastIndex ?? 0) + 1
                let data = Array("\(index).\(term)".utf8)
                members[id]?.log.items.append(
                    LogEntry(index: index, term: term, kind: .command, data: data))
            }
        }
    }

    private mutating func start(_ id: ServerID) {
        guard let member = members[id] else { return }
        let stored = StoredState(
            hardState: member.hardState, snapshot: member.snapshot,
            configurations: member.log.configurations)
        var options = RaftOptions()
        options.trailingLogs = 0
        options.appendEntriesMax = batch
        if !eager.contains(id) { options.heartbeatTimeout = .seconds(100) }
        let seed = UInt64(id.utf8.last ?? 0)
        members[id]?.inbound = [:]
        members[id]?.core = RaftCore(
            id: id, address: "\(id):8300", stored: stored, log: member.log,
            random: SeededRandom(seed: seed), options: options)
        step(id, .tick)
    }

    // MARK: Messages

    private mutating func settle(except lost: Set<ServerID>) {
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            if lost.contains(next.from) || lost.contains(next.to) {
                lose(next.from, next.message)
                continue
            }
            hand(next.message, from: next.from, to: next.to)
        }
    }

    /// The sender's connection breaks.
    private mutating func lose(_ from: ServerID, _ message: Message) {
        if case .request(_, let exchange) = message { step(from, .failed(exchange: exchange)) }
    }

    private mutating func deliver(from: ServerID, to: ServerID) {
        let due = waiting.filter { $0.from == from && $0.to == to }
        waiting.removeAll { $0.from == from && $0.to == to }
        for item in due { hand(item.message, from: from, to: to) }
    }

    private mutating func hand(_ message: Message, from: ServerID, to: ServerID) {
        switch message {
        case .request(let request, let exchange):
            guard let number = members[to]?.nextInbound else { return }
            members[to]?.nextInbound = number + 1
            members[to]?.inbound[number] = (from, exchange)
            step(to, .request(request, exchange: number))
        case .reply(let reply, let exchange): step(to, .reply(reply, exchange: exchange))
        }
    }

    mutating func step(_ id: ServerID, _ input: Input) {
        guard let log = members[id]?.log,
            let directives = members[id]?.core?.step(input, now: now, log: log)
        else { return }
        var inputs: [Input] = []
        for directive in directives { carryOut(directive, id, &inputs) }
        for input in inputs { step(id, input) }
    }

    private mutating func carryOut(
        _ directive: Directive, _ id: ServerID, _ inputs: inout [Input]
    ) {
        if let text = ScriptPrinter.describe(directive) { printed.append("\(id) \(text)") }
        switch directive {
        case .send(let request, let to, let exchange):
            waiting.append((id, to.id, .request(request, exchange)))
        case .sendSnapshot(let install, let to, let exchange):
            waiting.append((id, to.id, .request(.snapshot(install), exchange)))
        case .reply(let reply, let exchange):
            guard let inbound = members[id]?.inbound.removeValue(forKey: exchange) else { return }
            waiting.append((id, inbound.from, .reply(reply, inbound.exchange)))
        case .persist(let persist):
            members[id]?.log.write(persist)
            if let state = persist.hardState { members[id]?.hardState = state }
            inputs.append(.persisted(sequence: persist.sequence))
        case .commit(_, let through): inputs.append(.applied(through: through))
        case .compact(let through): members[id]?.log.compact(through: through)
        case .receiveSnapshot(_, let exchange): inputs.append(.snapshotReceived(exchange: exchange))
        case .installSnapshot(let meta, let exchange):
            members[id]?.snapshot = meta
            inputs.append(.snapshotInstalled(exchange: exchange))
        case .restore(let meta, let ticket):
            members[id]?.snapshot = meta
            inputs.append(.restored(meta, ticket))
        default: break
        }
    }

    private mutating func show(_ id: ServerID) {
        guard let member = members[id] else { return }
        let terms = member.log.items.map { "\($0.index).\($0.term)" }.joined(separator: " ")
        let place = member.core.map { ", commit \($0.commitIndex), term \($0.term)" } ?? ", down"
        printed.append("\(id) log [\(terms)]\(place)")
    }
}
