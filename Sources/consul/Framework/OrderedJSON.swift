import Wire

/// Formats JSON as Consul's commands print it: indented by four spaces, with the fields in the
/// order of Go's client library, which differs from that of the API.
enum OrderedJSON {
    /// A value whose texts are still escaped.
    private indirect enum Node {
        case scalar(ArraySlice<UInt8>)
        case array([Node])
        case object([(name: String, value: Node)])
    }

    static func text(_ value: some WireValue) -> String {
        text(encoded: JSONWriter.encode(value, audience: .client))
    }

    /// - Parameter json: compact, as `JSONWriter` encodes it.
    static func text(encoded json: [UInt8]) -> String {
        var offset = 0
        let root = ordered(read(json, &offset))
        var out: [UInt8] = []
        write(root, indent: 0, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: Order

    private static let entry = [
        "Key", "CreateIndex", "ModifyIndex", "LockIndex", "Flags", "Value", "Session",
    ]
    private static let service = [
        "Kind", "ID", "Service", "Tags", "Meta", "Port", "Address", "TaggedAddresses", "Weights",
        "EnableTagOverride", "CreateIndex", "ModifyIndex", "Proxy", "Connect",
    ]
    /// A check's definition always has all its fields there.
    private static let definition = [
        ("Interval", "\"0s\""), ("Timeout", "\"0s\""),
        ("DeregisterCriticalServiceAfter", "\"0s\""), ("HTTP", "\"\""), ("Header", "null"),
        ("Method", "\"\""), ("Body", "\"\""), ("TLSSkipVerify", "false"), ("TCP", "\"\""),
    ]

    private static func ordered(_ node: Node) -> Node {
        switch node {
        case .scalar: return node
        case .array(let nodes): return .array(nodes.map { ordered($0) })
        case .object(let fields):
            let names = Set(fields.map { $0.name })
            let isCheck = names.isSuperset(of: ["CheckID", "Definition"])
            let inner = fields.map { field -> (name: String, value: Node) in
                if isCheck, field.name == "Definition", case .object(let given) = field.value {
                    return (field.name, completed(given))
                }
                return (field.name, ordered(field.value))
            }
            if names.isSuperset(of: ["Key", "LockIndex"]) { return sorted(inner, entry) }
            if names.isSuperset(of: ["ID", "Service", "EnableTagOverride"]) {
                return sorted(inner, service)
            }
            return .object(inner)
        }
    }

    private static func sorted(_ fields: [(name: String, value: Node)], _ order: [String]) -> Node {
        let known = order.compactMap { name in fields.first { $0.name == name } }
        return .object(known + fields.filter { !order.contains($0.name) })
    }

    private static func completed(_ given: [(name: String, value: Node)]) -> Node {
        let missing = definition.filter { name, _ in !given.contains { $0.name == name } }
        return sorted(
            given + missing.map { ($0, .scalar(Array($1.utf8)[...])) }, definition.map { $0.0 })
    }

    // MARK: Reading

    private static func read(_ json: [UInt8], _ offset: inout Int) -> Node {
        switch json[offset] {
        case UInt8(ascii: "["):
            var nodes: [Node] = []
            offset += 1
            while json[offset] != UInt8(ascii: "]") {
                nodes.append(read(json, &offset))
                if json[offset] == UInt8(ascii: ",") { offset += 1 }
            }
            offset += 1
            return .array(nodes)
        case UInt8(ascii: "{"):
            var fields: [(name: String, value: Node)] = []
            offset += 1
            while json[offset] != UInt8(ascii: "}") {
                let name = scalar(json, &offset).dropFirst().dropLast()
                offset += 1  // the colon
                fields.append((String(decoding: name, as: UTF8.self), read(json, &offset)))
                if json[offset] == UInt8(ascii: ",") { offset += 1 }
            }
            offset += 1
            return .object(fields)
        default: return .scalar(scalar(json, &offset))
        }
    }

    /// Reads a text with its quotes, or a word or number.
    private static func scalar(_ json: [UInt8], _ offset: inout Int) -> ArraySlice<UInt8> {
        let start = offset
        if json[offset] == UInt8(ascii: "\"") {
            offset += 1
            while json[offset] != UInt8(ascii: "\"") {
                offset += json[offset] == UInt8(ascii: "\\") ? 2 : 1
            }
            offset += 1
        } else {
            let ends = Array(",]}".utf8)
            while offset < json.count, !ends.contains(json[offset]) { offset += 1 }
        }
        return json[start..<offset]
    }

    // MARK: Writing

    private static func write(_ node: Node, indent: Int, to out: inout [UInt8]) {
        func line(_ depth: Int) {
            out += Array(("\n" + String(repeating: "    ", count: depth)).utf8)
        }
        switch node {
        case .scalar(let text): out += text
        case .array(let nodes):
            out += "[".utf8
            for (index, node) in nodes.enumerated() {
                if index > 0 { out += ",".utf8 }
                line(indent + 1)
                write(node, indent: indent + 1, to: &out)
            }
            if !nodes.isEmpty { line(indent) }
            out += "]".utf8
        case .object(let fields):
            out += "{".utf8
            for (index, field) in fields.enumerated() {
                if index > 0 { out += ",".utf8 }
                line(indent + 1)
                out += Array("\"\(field.name)\": ".utf8)
                write(field.value, indent: indent + 1, to: &out)
            }
            if !fields.isEmpty { line(indent) }
            out += "}".utf8
        }
    }
}
