/// Flags as Go's `flag` package reads them: `-name value`, `-name=value`, two dashes as good as
/// one, a bare boolean is true, and the first word that is no flag ends them. Consul's users type
/// this form, in which a single dash begins a long name.
struct Flag: Sendable {
    enum Form: Sendable { case bool, value, list }

    let name: String
    let form: Form
    let help: String
    /// Understood, but not shown in the help.
    var isHidden = false

    init(_ name: String, _ form: Form = .value, _ help: String, isHidden: Bool = false) {
        self.name = name
        self.form = form
        self.help = help
        self.isHidden = isHidden
    }
}

/// What was wrong with a command line, in Go's words.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    /// `-h` or `-help` was given: print the help, and that is no error.
    var isHelpWanted = false
}

/// A command line taken apart.
struct ParsedFlags: Sendable {
    /// In the order given.
    private(set) var given: [(name: String, value: String)] = []
    private(set) var arguments: [String] = []

    init(_ words: [String], flags: [Flag]) throws(UsageError) {
        var rest = words[...]
        while let word = rest.first {
            guard word.hasPrefix("-"), word != "-" else { break }
            rest.removeFirst()
            if word == "--" { break }
            let body = word.dropFirst(word.hasPrefix("--") ? 2 : 1)
            guard let first = body.first, first != "-", first != "=" else {
                throw UsageError(description: "bad flag syntax: \(word)")
            }
            try take(body, &rest, flags)
        }
        arguments = Array(rest)
    }

    private mutating func take(
        _ body: Substring, _ rest: inout ArraySlice<String>, _ flags: [Flag]
    ) throws(UsageError) {
        let sides = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(sides[0])
        guard let flag = flags.first(where: { $0.name == name }) else {
            if name == "h" || name == "help" {
                throw UsageError(description: "", isHelpWanted: true)
            }
            throw UsageError(description: "flag provided but not defined: -\(name)")
        }
        if flag.form == .bool {
            let value = sides.count == 2 ? String(sides[1]) : "true"
            guard Self.bool(value) != nil else {
                throw UsageError(
                    description: "invalid boolean value \"\(value)\" for -\(name): parse error")
            }
            given.append((name, value))
        } else if sides.count == 2 {
            given.append((name, String(sides[1])))
        } else if let value = rest.popFirst() {
            given.append((name, value))
        } else {
            throw UsageError(description: "flag needs an argument: -\(name)")
        }
    }

    private static func bool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    func has(_ name: String) -> Bool { given.contains { $0.name == name } }

    /// The last value given; empty when there is none.
    subscript(_ name: String) -> String { given.last { $0.name == name }?.value ?? "" }

    func all(_ name: String) -> [String] { given.filter { $0.name == name }.map { $0.value } }

    func isOn(_ name: String, default standard: Bool = false) -> Bool {
        given.last { $0.name == name }.flatMap { Self.bool($0.value) } ?? standard
    }
}
