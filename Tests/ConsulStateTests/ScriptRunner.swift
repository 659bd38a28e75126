import ConsulModel
import ConsulState
import StateKit
import Vivaldi
import Wire

/// Carries out the lines of a script. A line is a verb, plain words, and words of the form
/// `name=value`.
struct ScriptRunner {
    var machine = FSM()
    private var index: UInt64 = 1

    struct Line {
        var words: [String] = []
        var options: [String: String] = [:]

        init(_ text: Substring) {
            for word in text.split(separator: " ").map(String.init) {
                if let equals = word.firstIndex(of: "=") {
                    options[String(word[..<equals])] = String(word[word.index(after: equals)...])
                } else {
                    words.append(word)
                }
            }
        }

        subscript(_ name: String) -> String { options[name] ?? "" }
    }

    mutating func run(_ text: String) -> String {
        if text.hasPrefix("txn ") {
            var request = TxnRequest()
            request.operations = Self.operations(text.dropFirst(4))
            return apply(.txn(request), isQuiet: false)
        }
        var line = Line(text[...])
        let verb = line.words.removeFirst()
        if verb == "at" {
            index = UInt64(line.words[0]) ?? 0
            return ""
        }
        if let command = Self.command(verb, line) {
            return apply(command, isQuiet: line["q"] == "1")
        }
        return read(verb, line)
    }

    // MARK: Writes

    private mutating func apply(_ command: Command, isQuiet: Bool) -> String {
        index += 1
        let (result, changes) = machine.applyCommand(index, command)
        if isQuiet { return "" }
        let outcome =
            switch result {
            case .done: "done"
            case .applied(let applied): "\(applied)"
            case .transacted(let response): Self.describe(response)
            case .refused(let error): "refused: \(error)"
            }
        return "\(index) \(outcome)\(Self.describe(changes))"
    }

    private static func describe(_ changes: Changes) -> String {
        var parts: [String] = []
        func add(_ name: String, _ list: [String]) {
            if list.isEmpty { return }
            parts.append("\(name)=\(Set(list).sorted().joined(separator: ","))")
        }
        add("key", changes.keys)
        add("tree", changes.keyTrees)
        add("service", changes.names(of: .service))
        add("node", changes.names(of: .node))
        add("state", changes.names(of: .checkState))
        add("session", changes.names(of: .session).map { String($0.suffix(2)) })
        add("coordinates", changes.names(of: .nodeCoordinates))
        add("delay", changes.lostLocks.map { "\($0.key):\($0.delayNanoseconds)" })
        return parts.map { " " + $0 }.joined()
    }

    private static func command(_ verb: String, _ line: Line) -> Command? {
        if let operation = KVOperation(rawValue: verb) {
            return .kvs(KVSRequest(operation, entry(line)))
        }
        switch verb {
        case "register": return .register(registration(line))
        case "session": return .session(sessionRequest(line))
        case "coordinate": return .coordinates(line.words.map(coordinate))
        case "deregister":
            var request = DeregisterRequest()
            request.node = line["node"]
            request.serviceID = line["service"]
            request.checkID = line["check"]
            return .deregister(request)
        default: return nil
        }
    }

    static func entry(_ line: Line) -> KVEntry {
        var entry = KVEntry()
        entry.key = line.words.first ?? ""
        entry.value = Bytes(line.words.count > 1 ? line.words[1] : "")
        entry.flags = UInt64(line["flags"]) ?? 0
        entry.raftIndex.modifyIndex = UInt64(line["index"]) ?? 0
        entry.session = sessionID(line["session"])
        entry.lease = line["lease"]
        entry.expires = KVExpiry(unixNanoseconds: Int64(line["expires"]) ?? 0)
        return entry
    }

    /// A short name is a UUID that ends with it.
    static func sessionID(_ name: String) -> String {
        let isShort = (1...12).contains(name.utf8.count)
        guard isShort else { return name }
        let zeros = String(repeating: "0", count: 12 - name.utf8.count)
        return "00000000-0000-0000-0000-\(zeros)\(name)"
    }

    private static func sessionRequest(_ line: Line) -> SessionRequest {
        var session = Session()
        session.id = sessionID(line.words.count > 1 ? line.words[1] : "")
        session.node = line["node"]
        session.behavior = line["behavior"]
        session.lockDelayNanoseconds = Int(line["delay"]) ?? 0
        if let checks = line.options["checks"] {
            session.nodeChecks = checks.split(separator: ",").map(String.init)
        }
        session.serviceChecks = line.options["service-checks"].map {
            $0.split(separator: ",").map { SessionServiceCheck(id: String($0)) }
        }
        let isEnd = line.words.first == "destroy"
        return SessionRequest(isEnd ? .destroy : .create, session)
    }

    static func registration(_ line: Line) -> RegisterRequest {
        var request = RegisterRequest()
        request.node = line["node"]
        request.id = line["id"]
        request.address = line.options["address"] ?? "1.1.1.1"
        request.skipNodeUpdate = line["skip"] == "1"
        if let name = line.options["service"] {
            var service = NodeService()
            service.service = name
            service.id = line.options["service-id"] ?? name
            service.port = Int(line["port"]) ?? 0
            service.tags = line["tags"].split(separator: ",").map(String.init)
            for pair in line["meta"].split(separator: ",") {
                service.meta[String(pair.split(separator: ":")[0])] =
                    String(pair.split(separator: ":")[1])
            }
            request.service = service
        }
        if let id = line.options["check"] {
            var check = HealthCheck()
            check.node = line.options["check-node"] ?? line["node"]
            check.checkID = id
            check.status = line["status"]
            check.serviceID = line["check-service"]
            request.checks = [check]
        }
        return request
    }

    // MARK: Reads

    private func read(_ verb: String, _ line: Line) -> String {
        let store = machine.store
        let name = line.words.first ?? ""
        switch verb {
        case "get":
            let reading = store.kvs.get(name)
            guard let entry = reading.value else { return "\(reading.index) none" }
            return "\(reading.index) \(Self.describe(entry))"
        case "leased": return store.kvs.keys(onLease: name).joined(separator: " ")
        case "expiring":
            return store.kvs.nextToExpire(limit: 9)
                .map { "\($0.key)@\($0.expires.unixNanoseconds)" }.joined(separator: " ")
        case "page":
            let reading = store.kvs.list(name, after: line["after"], limit: Int(line["limit"]) ?? 0)
            return (["\(reading.index)"] + reading.value.map(\.key)).joined(separator: " ")
        case "list":
            let reading = store.kvs.list(name)
            return (["\(reading.index)"] + reading.value.map(\.key)).joined(separator: " ")
        case "keys":
            let reading = store.kvs.listKeys(
                name, separator: line["separator"], depth: Int(line["depth"]) ?? 1,
                after: line["after"], limit: Int(line["limit"]) ?? 0)
            return (["\(reading.index)"] + reading.value).joined(separator: " ")
        case "sessions":
            let reading = name.isEmpty ? store.sessions.list() : store.sessions.list(node: name)
            return (["\(reading.index)"] + reading.value.map { String($0.id.suffix(2)) })
                .joined(separator: " ")
        case "holder":
            guard let entry = store.kvs.get(name).value else { return "none" }
            return "\(entry.session.suffix(2)) \(Self.describe(entry)) lock=\(entry.lockIndex)"
        case "coordinates":
            let table = store.coordinates
            let reading = name.isEmpty ? table.list() : table.list(node: name)
            return (["\(reading.index)"] + reading.value.map(Self.describe))
                .joined(separator: " ")
        case "indexes": return indexes(line.words)
        case "nodes":
            return store.catalog.listNodes().value.map {
                "\($0.node) \($0.id) \($0.raftIndex.createIndex) \($0.raftIndex.modifyIndex)"
            }.joined(separator: "\n")
        case "checks":
            return store.catalog.checks(inState: name).value.map {
                "\($0.node) \($0.checkID) \($0.status) \($0.serviceName)"
            }.joined(separator: "\n")
        case "health":
            return store.catalog.checkServiceNodes(name).value.map {
                "\($0.node.node) \($0.service.id) \($0.checks.map(\.checkID))"
            }.joined(separator: "\n")
        default: return "what is \(verb)?"
        }
    }

    /// `node:seconds` or `node:seconds:segment`; any word but a number has no dimensions.
    private static func coordinate(_ word: String) -> NodeCoordinate {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var coordinate = Coordinate()
        if let seconds = Double(parts[1]) {
            coordinate = .origin
            coordinate.vector[0] = seconds
        }
        return NodeCoordinate(parts[0], segment: parts.count > 2 ? parts[2] : "", coordinate)
    }

    private static func describe(_ row: NodeCoordinate) -> String {
        let segment = row.segment.isEmpty ? "" : ":\(row.segment)"
        return "\(row.node):\(row.coordinate.vector[0])\(segment)"
    }

    private static func describe(_ entry: KVEntry) -> String {
        "\(entry.key)=\(entry.value.text) flags=\(entry.flags) "
            + "create=\(entry.raftIndex.createIndex) modify=\(entry.raftIndex.modifyIndex)"
    }

    /// The indexes of the reads that were sent to the real program.
    private func indexes(_ services: [String]) -> String {
        let catalog = machine.store.catalog
        var parts = [
            "nodes=\(catalog.listNodes().index)", "services=\(catalog.listServices().index)",
            "checks=\(catalog.checks(inState: "any").index)",
        ]
        for name in services {
            let nodes = catalog.serviceNodes(name).index
            let health = catalog.checkServiceNodes(name).index
            parts.append("\(name)=\(nodes == health ? "\(nodes)" : "\(nodes)/\(health)")")
        }
        return parts.joined(separator: " ")
    }
}
