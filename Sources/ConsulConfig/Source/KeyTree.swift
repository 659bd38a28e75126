/// A YAML or JSON file as keys and values: nested names become the parts of a key, separated by
/// `/`, and every scalar a value, spelled verbatim. A list's items are numbered from 0; an empty
/// name makes a folder's key, which ends in `/`.
package enum KeyTree {
    /// In the order of the file.
    package static func read(
        _ bytes: [UInt8], file: String
    ) throws(ConfigError) -> [(key: String, value: String)] {
        let (root, errors) = YAMLFragment.parse(bytes, file: file)
        if let first = errors.first { throw first }
        guard let root else { return [] }
        var found: [(key: String, value: String)] = []
        try add(root, "", &found)
        return found
    }

    private static func add(
        _ node: SourceNode, _ key: String, _ found: inout [(key: String, value: String)]
    ) throws(ConfigError) {
        switch node.content {
        case .null: found.append((try named(key, node), ""))
        case .bool(let isOn): found.append((try named(key, node), isOn ? "true" : "false"))
        case .number(let text), .string(let text), .interpolated(let text):
            found.append((try named(key, node), text))
        case .list(let items):
            for (number, item) in items.enumerated() {
                try add(item, joined(key, "\(number)"), &found)
            }
        case .map(let entries):
            for entry in entries { try add(entry.value, joined(key, entry.key), &found) }
        }
    }

    private static func joined(_ key: String, _ name: String) -> String {
        key.isEmpty ? name : "\(key)/\(name)"
    }

    private static func named(_ key: String, _ node: SourceNode) throws(ConfigError) -> String {
        if key.isEmpty {
            throw ConfigError(
                node.place, path: "", "a value without a key: write it as name: value")
        }
        return key
    }

    // MARK: Writing

    private struct Branch {
        var value: String?
        var names: [String] = []
        var branches: [String: Branch] = [:]

        mutating func add(_ parts: ArraySlice<Substring>, _ value: String) {
            guard let first = parts.first.map(String.init) else {
                self.value = value
                return
            }
            if branches[first] == nil { names.append(first) }
            branches[first, default: Branch()].add(parts.dropFirst(), value)
        }
    }

    /// Returns YAML that parses to these keys and values.
    package static func text(_ entries: [(key: String, value: String)]) -> String {
        var root = Branch()
        for (key, value) in entries {
            root.add(key.split(separator: "/", omittingEmptySubsequences: false)[...], value)
        }
        if root.names.isEmpty { return "{}\n" }
        var lines = ""
        write(root, indent: "", prefix: "", &lines)
        return lines
    }

    /// A key that has both a value and keys below it is written next to them, and their names then
    /// begin with its own.
    private static func write(
        _ branch: Branch, indent: String, prefix: String, _ lines: inout String
    ) {
        for name in branch.names {
            guard let below = branch.branches[name] else { continue }
            let shown = quoted(prefix + name)
            if let value = below.value { lines += "\(indent)\(shown): \(quoted(value))\n" }
            if below.names.isEmpty { continue }
            if below.value != nil {
                write(below, indent: indent, prefix: "\(prefix)\(name)/", &lines)
            } else {
                lines += "\(indent)\(shown):\n"
                write(below, indent: indent + "  ", prefix: "", &lines)
            }
        }
    }

    /// Writes double quotes, which can express every text.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                out += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            case "\u{2028}", "\u{2029}", "\u{FEFF}":
                out += "\\u" + String(scalar.value, radix: 16)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
