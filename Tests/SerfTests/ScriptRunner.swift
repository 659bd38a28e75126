import Memberlist
import Primitives
import Wire

@testable import Serf

/// Runs a script on a pool, line by line. After each line prints the new directives of every node,
/// in few words. A line that begins with `quietly` prints nothing.
///
/// - `pool n1 n2 n3` starts and joins nodes. `start n4 role=web` starts one; `servers` before it:
///   nodes do not end on a name conflict; `keys 1 2`: nodes have these keys, primary first.
///   `double n9 n2` starts a node with the address of n9 and the name n2.
/// - `join n4 n1`, `leave n1`, `force-leave n1 n3`, `prune n1 n3`, `event n1 deploy v1`,
///   `long-event n1 600` with so many bytes,
///   `query n1 uptime acks relay=1 nodes=n2,n3 tag=role:web`, `respond n2 text`,
///   `key n1 install 2`, `tags n1 role=db`.
/// - `run 5s`. `crash n3`, `cut n3` (from the network), `block n2 n1` (datagrams from the
///   first to the second), `mend`, `full` (keyrings cannot be written).
/// - `gossip n1 join n9 5`, `gossip n1 leave n9 5`, `gossip n1 event 7 deploy v1`: a message that
///   the node receives. `restart n2` with what its snapshot file contains.
/// - `show n1` prints the members and the clocks.
struct ScriptRunner {
    struct Problem: Error { let text: String }

    var pool = SerfPool()
    private var options = SerfPool.options()
    private var keyring = Keyring()
    private var shown: [String: Int] = [:]
    private var lastQuery: [String: QueryID] = [:]
    private var snapshots: [String: SnapshotState] = [:]

    mutating func run(_ line: String) throws -> [String] {
        var words = line.split(separator: " ").map(String.init)
        let isQuiet = words.first == "quietly"
        if isQuiet { words.removeFirst() }
        guard let verb = words.first else { throw Problem(text: line) }
        var printed = try carryOut(verb, Array(words.dropFirst()))
        for name in pool.order {
            let log = pool.log(name)
            for directive in log.dropFirst(shown[name] ?? 0) {
                observe(directive, name)
                if let text = describe(directive) { printed.append("\(name) \(text)") }
            }
            shown[name] = log.count
        }
        return isQuiet ? [] : printed
    }

    private mutating func observe(_ directive: SerfDirective, _ name: String) {
        if case .event(.query(let query)) = directive { lastQuery[name] = query.id }
        if case .record(let record) = directive {
            snapshots[name, default: SnapshotState()].apply(record)
        }
    }

    private mutating func carryOut(_ verb: String, _ words: [String]) throws -> [String] {
        switch verb {
        case "pool":
            for name in words { pool.start(name, options: options, keyring: keyring) }
            for name in words.dropFirst() { pool.join(name, words[0]) }
            pool.run(for: .seconds(3))
            for name in words { shown[name] = pool.log(name).count }
        case "servers": options.endsOnNameConflict = false
        case "keys":
            let keys = words.map(Self.key)
            guard let ring = Keyring(keys: keys, primary: keys[0]) else {
                throw Problem(text: "keys")
            }
            keyring = ring
        case "start":
            pool.start(
                words[0], tags: Self.tags(words.dropFirst()), options: options,
                keyring: keyring)
            shown[words[0]] = 0
        case "double":
            pool.start(words[0], as: words[1], options: options, keyring: keyring)
            shown[words[0]] = 0
        case "restart":
            pool.start(
                words[0], options: options, keyring: keyring,
                restored: snapshots[words[0]] ?? SnapshotState())
            shown[words[0]] = 0
        case "run":
            guard let duration = GoDuration(words[0]) else { throw Problem(text: words[0]) }
            pool.run(for: duration)
        case "crash": pool.crash(words[0])
        case "cut": pool.cut.formUnion(words)
        case "block": pool.blocked.append((words[0], words[1]))
        case "mend":
            pool.cut = []
            pool.blocked = []
        case "full": pool.keyringFailure = "no space left on device"
        case "gossip": try gossip(words)
        case "show": return show(words[0])
        default: try request(verb, words)
        }
        return []
    }

    private mutating func request(_ verb: String, _ words: [String]) throws {
        let name = words[0]
        switch verb {
        case "join": pool.join(name, words[1])
        case "leave": pool.request(name) { .leave($0) }
        case "force-leave", "prune":
            pool.request(name) { .forceLeave(words[1], prunes: verb == "prune", $0) }
        case "event":
            let payload = Array((words.dropFirst(2).first ?? "").utf8)
            pool.request(name) {
                .userEvent(name: words[1], payload: payload, coalesces: false, $0)
            }
        case "long-event":
            let payload = [UInt8](repeating: 0x78, count: Int(words[1]) ?? 0)
            pool.request(name) { .userEvent(name: "", payload: payload, coalesces: false, $0) }
        case "query":
            let query = try Self.query(words[1], words.dropFirst(2))
            pool.request(name) { .query(query, $0) }
        case "respond":
            guard let id = lastQuery[name] else { throw Problem(text: "no query at \(name)") }
            pool.request(name) { .respond(id, payload: Array(words[1].utf8), $0) }
        case "key":
            let subject = words[1] == "list" ? "keys" : "key"
            guard let kind = InternalQuery(rawValue: "_serf_\(words[1])-\(subject)") else {
                throw Problem(text: words[1])
            }
            let key = words.count > 2 ? Self.key(words[2]) : []
            let query = QueryRequest(name: kind.rawValue, payload: KeyMessage.request(key))
            pool.request(name) { .query(query, $0) }
        case "tags":
            let tags = Self.tags(words.dropFirst())
            pool.request(name) { .setTags(tags, $0) }
        default: throw Problem(text: "unknown command \(verb)")
        }
    }

    private mutating func gossip(_ words: [String]) throws {
        let message: [UInt8]
        switch words[1] {
        case "join":
            message = SerfMessageType.join.encode(
                JoinIntent(lTime: UInt64(words[3]) ?? 0, node: words[2]))
        case "leave":
            message = SerfMessageType.leave.encode(
                LeaveIntent(lTime: UInt64(words[3]) ?? 0, node: words[2]))
        case "event":
            var event = UserEventRecord()
            event.lTime = UInt64(words[2]) ?? 0
            event.name = words[3]
            event.payload = .init(words.dropFirst(4).first ?? "")
            message = SerfMessageType.userEvent.encode(event)
        default: throw Problem(text: words[1])
        }
        let user: UInt8 = 8
        pool.step(words[0], .gossip(.packet([user] + message, from: SerfPool.address(99))))
    }

    private func show(_ name: String) -> [String] {
        guard let core = pool.nodes[name]?.core else { return ["\(name) is down"] }
        let members = core.members.map { "\($0.name)=\($0.status.name)" }
        let figures = core.statistics
        return [
            "\(name) members \(members.joined(separator: " "))",
            "\(name) clock \(figures.memberTime) events \(figures.eventTime)"
                + " queries \(figures.queryTime)",
        ]
    }

    // MARK: Words

    private static func key(_ digit: String) -> [UInt8] {
        [UInt8](repeating: UInt8(digit) ?? 0, count: 16)
    }

    private static func tags(_ words: some Sequence<String>) -> [String: String] {
        var tags: [String: String] = [:]
        for word in words {
            let parts = word.split(separator: "=").map(String.init)
            tags[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return tags
    }

    private static func query(
        _ name: String, _ words: some Sequence<String>
    ) throws -> QueryRequest {
        var query = QueryRequest(name: name)
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            switch parts[0] {
            case "acks": query.wantsAcks = true
            case "relay": query.relayFactor = UInt8(parts[1]) ?? 0
            case "nodes": query.nodes = parts[1].split(separator: ",").map(String.init)
            case "tag":
                let tag = parts[1].split(separator: ":").map(String.init)
                query.tags[tag[0]] = tag[1]
            case "timeout": query.timeout = GoDuration(parts[1]) ?? .zero
            default: throw Problem(text: word)
            }
        }
        return query
    }

    private func describe(_ directive: SerfDirective) -> String? {
        switch directive {
        case .event(.member(let change, let member)):
            return "\(change) \(member.name) \(member.status.name)"
        case .event(.user(let message)):
            return "event \(message.name) [\(String(decoding: message.payload, as: UTF8.self))]"
                + " at \(message.lTime)"
        case .event(.query(let query)): return "is to answer \(query.name) of \(query.sourceNode)"
        case .answer(_, let outcome): return "answer \(Self.describe(outcome))"
        case .query(_, .ack(let from)): return "ack of \(from)"
        case .query(_, .response(let from, let payload)):
            return "response of \(from): \(Self.describe(payload))"
        case .query(_, .ended): return "query ended"
        case .saveKeyring(let ring, _):
            return "saves keys \(ring.keys.map { String($0[0]) }.joined(separator: " "))"
        case .stop(let error): return "stops\(error.map { ": \($0)" } ?? "")"
        case .note(let note) where note.kind.description == "serf.conflict": return note.text
        case .gossip, .record, .wake, .note: return nil
        }
    }

    private static func describe(_ payload: [UInt8]) -> String {
        guard let response = KeyMessage.response(payload) else {
            return String(decoding: payload, as: UTF8.self)
        }
        let keys = response.keys.map { String(Base64.decode($0.utf8)?.first ?? 0) }
        return [response.result ? "ok" : "failed", response.message, keys.joined(separator: " ")]
            .filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private static func describe(_ outcome: SerfOutcome) -> String {
        switch outcome {
        case .done: "done"
        case .joined(let count, let failures): "joined \(count), \(failures.count) failed"
        case .queryStarted: "started"
        case .refused(let error): "refused: \(error)"
        }
    }
}
