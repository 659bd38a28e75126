/// A position in a fragment. Lines and columns count from 1, columns in code points.
package struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// 0 for the file as a whole.
    package var line: Int
    package var column: Int

    package init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { line == 0 ? file : "\(file):\(line):\(column)" }
}

/// The source of a setting's value.
package enum SourceOrigin: Hashable, Sendable, CustomStringConvertible {
    case standard
    case dev
    case file(SourcePosition)
    /// The flag's name without its dash.
    case flag(String)

    package var description: String {
        switch self {
        case .standard: "default"
        case .dev: "-dev"
        case .file(let position): position.description
        case .flag(let name): "-\(name)"
        }
    }
}

/// A value of a fragment as written: its kind, its text, its position. Maps keep their order.
package struct SourceNode: Sendable {
    package enum Content: Sendable {
        case null
        case bool(Bool)
        /// The text of the number; YAML's may be `0x1F`, `0o17`, `+5` or `.inf`.
        case number(String)
        case string(String)
        /// A string that was partly filled in from the environment or a file. Such texts are
        /// accepted where a number or a boolean is required too.
        case interpolated(String)
        case list([SourceNode])
        case map([SourceEntry])
    }

    package var position: SourcePosition
    package var content: Content

    package init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
    }

    /// The kind's name in a message.
    package var kindName: String {
        switch content {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string, .interpolated: "a string"
        case .list: "a list"
        case .map: "a map"
        }
    }

    package var text: String? {
        switch content {
        case .string(let text), .interpolated(let text): text
        default: nil
        }
    }

    package var entries: [SourceEntry]? {
        if case .map(let entries) = content { entries } else { nil }
    }

    /// Returns the entries, also of a list with exactly one map: Consul accepts `"ports": [{…}]`,
    /// the form in which HCL's blocks become JSON, for `"ports": {…}`.
    var block: [SourceEntry]? {
        if let nodes = elements, nodes.count == 1 { return nodes[0].entries }
        return entries
    }

    package var elements: [SourceNode]? {
        if case .list(let nodes) = content { nodes } else { nil }
    }

    /// The number of values in this one, itself included.
    var valueCount: Int {
        switch content {
        case .list(let nodes): nodes.reduce(1) { $0 + $1.valueCount }
        case .map(let entries): entries.reduce(1) { $0 + $1.value.valueCount }
        default: 1
        }
    }
}

/// A key of a map and its value.
package struct SourceEntry: Sendable {
    package var key: String
    package var position: SourcePosition
    package var value: SourceNode

    package init(key: String, at position: SourcePosition, value: SourceNode) {
        self.key = key
        self.position = position
        self.value = value
    }
}

/// Collects a map's entries and reports duplicate keys. The last one counts, as in HashiCorp's
/// agent.
struct EntryCollector {
    private(set) var entries: [SourceEntry] = []
    private var indexByKey: [String: Int] = [:]

    mutating func add(_ entry: SourceEntry, errors: inout [ConfigError]) {
        if let first = indexByKey[entry.key] {
            errors.append(
                ConfigError(
                    entry.position, path: "",
                    "duplicate key \"\(entry.key)\" (first at \(entries[first].position))",
                    isTolerated: true))
            entries[first].value = entry.value
            return
        }
        indexByKey[entry.key] = entries.count
        entries.append(entry)
    }

    /// Adds the entries of a merge key; existing keys win silently.
    mutating func overlay(_ merged: [SourceEntry]) {
        for entry in merged where indexByKey[entry.key] == nil {
            indexByKey[entry.key] = entries.count
            entries.append(entry)
        }
    }
}
