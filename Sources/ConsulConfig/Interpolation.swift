/// Fills `${NAME}`, `${NAME:-default}` and `${file:path}` into the texts of a fragment.
///
/// - A name consists of capitals, digits and `_`. Any other text after `${` stays verbatim, so that
///   templates and the shell's `${x%y}` are preserved. `$${` is a plain `${`; `$$` alone is kept.
/// - Filled-in text is not filled again, and keys are never changed.
/// - Comments (`_comment`, `x-*` at the top) are skipped; an alias of a value in them is filled
///   where it is used.
/// - `handler`, and `args` that run a shell with `-c`, are skipped: the shell fills them itself,
///   from the same environment, with its own quoting, and `${CONSUL_INDEX}` exists only there.
struct Interpolation {
    let environment: ConfigEnvironment
    private(set) var errors: [ConfigError] = []

    init(_ environment: ConfigEnvironment) { self.environment = environment }

    mutating func fill(_ node: inout SourceNode, path: KeyPathText = KeyPathText()) {
        switch node.content {
        case .string(let text):
            guard text.utf8.contains(UInt8(ascii: "$")) else { return }
            guard let filled = filled(text, at: node.place, path: path) else {
                // Nothing more is reported about a value that could not be filled in.
                node.content = .null
                return
            }
            if filled != text { node.content = .interpolated(filled) }
        case .list(var nodes):
            for index in nodes.indices { fill(&nodes[index], path: path.element(index)) }
            node.content = .list(nodes)
        case .map(var entries):
            for index in entries.indices {
                let entry = entries[index]
                let isComment = path.text.isEmpty && isCommentKey(entry.key)
                if isComment || entry.key == "_comment" || Self.isShellText(entry) { continue }
                fill(&entries[index].value, path: path.key(entry.key))
            }
            node.content = .map(entries)
        case .null, .bool, .number, .interpolated: return
        }
    }

    private static func isShellText(_ entry: SourceEntry) -> Bool {
        switch entry.key.lowercased() {
        case "handler": return entry.value.text != nil
        case "args", "script_args", "scriptargs":
            guard let words = entry.value.elements?.map({ $0.text ?? "" }),
                let program = words.first?.split(separator: "/").last
            else { return false }
            let shells = ["sh", "ash", "bash", "dash", "ksh", "zsh", "busybox"]
            return shells.contains(String(program)) && words.contains("-c")
        default: return false
        }
    }

    /// Returns nil after reporting that a value is missing.
    private mutating func filled(
        _ text: String, at place: SourcePlace, path: KeyPathText
    ) -> String? {
        var output = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            output += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                output += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${"), let close = rest.firstIndex(of: "}") {
                let inside = rest[rest.index(rest.startIndex, offsetBy: 2)..<close]
                switch value(of: inside) {
                case .text(let value): output += value
                case .notOurs: output += rest[...close]
                case .problem(let message):
                    errors.append(ConfigError(place, path: path.text, message))
                    return nil
                }
                rest = rest[rest.index(after: close)...]
            } else {
                output += "$"
                rest = rest.dropFirst()
            }
            if output.utf8.count > Limits.interpolatedTextBytesMax {
                let message =
                    "longer than \(Limits.interpolatedTextBytesMax) bytes once filled in: "
                    + "shorten it"
                errors.append(ConfigError(place, path: path.text, message))
                return nil
            }
        }
        return output + rest
    }

    private enum Outcome {
        case text(String)
        case notOurs
        case problem(String)
    }

    private func value(of inside: Substring) -> Outcome {
        if inside.hasPrefix("file:") { return contents(of: String(inside.dropFirst(5))) }
        let name = inside.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
        guard let first = name.first, !first.isNumber else { return .notOurs }
        let rest = inside.dropFirst(name.count)
        guard rest.isEmpty || rest.hasPrefix(":-") else { return .notOurs }
        if let value = environment.variable(String(name)), !(value.isEmpty && !rest.isEmpty) {
            return .text(value)
        }
        if rest.isEmpty {
            return .problem(
                "the environment has no \(name): set it, or write ${\(name):-default}")
        }
        return .text(String(rest.dropFirst(2)))
    }

    private func contents(of path: String) -> Outcome {
        switch environment.readFile(path) {
        case .failure(let problem): return .problem("cannot read \(path): \(problem.message)")
        case .success(let bytes):
            guard bytes.count <= Limits.interpolatedFileBytesMax else {
                return .problem(
                    "\(path) is longer than the \(Limits.interpolatedFileBytesMax) bytes that "
                        + "${file:…} takes")
            }
            guard var text = String(validating: bytes, as: UTF8.self) else {
                return .problem("\(path) is not UTF-8")
            }
            // Drops the final newline, as the shell's $(cat …) does: it belongs to the file.
            while text.last?.isNewline == true { text.removeLast() }
            return .text(text)
        }
    }
}

/// The path of a key during the descent: `services[0].check`.
struct KeyPathText {
    private(set) var text = ""

    func key(_ key: String) -> KeyPathText {
        KeyPathText(text: text.isEmpty ? key : "\(text).\(key)")
    }
    func element(_ index: Int) -> KeyPathText { KeyPathText(text: "\(text)[\(index)]") }

    /// Returns `services[0].check` for `services[0].check.interval`.
    static func parent(of path: String) -> Substring {
        path.lastIndex(of: ".").map { path[..<$0] } ?? path[...]
    }
}
