import Primitives

/// Flags as Go's `flag` package reads them: `-name value`, `-name=value`, two dashes as good as
/// one, a bare boolean is true, and the first word that is no flag ends them. Consul's users type
/// this form, in which a single dash begins a long name.
struct Flag: Sendable {
    enum Form: Sendable { case bool, value, list }

    let name: String
    let form: Form
    let help: String
    /// What the value is, in Go's words; it is judged by that: `string`, `int`, `uint`,
    /// `duration`, `pair` for `key=value`, or `value` for what Consul reads in its own way.
    let type: String

    init(_ name: String, _ form: Form = .value, _ help: String, type: String? = nil) {
        self.name = name
        self.form = form
        self.help = help
        self.type = type ?? (form == .list ? "value" : "string")
    }

    /// For every command that lists.
    static let format = Flag("format", .value, "Output format {pretty|json}")
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

    static let none = ParsedFlags()
    private init() {}

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
                let reason =
                    flag.type == "value"
                    ? "strconv.ParseBool: parsing \"\(value)\": invalid syntax" : "parse error"
                throw UsageError(
                    description: "invalid boolean value \"\(value)\" for -\(name): \(reason)")
            }
            given.append((name, value))
        } else if let value = sides.count == 2 ? String(sides[1]) : rest.popFirst() {
            given.append((name, try Self.judged(value, flag)))
        } else {
            throw UsageError(description: "flag needs an argument: -\(name)")
        }
    }

    /// - Returns: the value; a number in decimal, however it was written.
    private static func judged(_ value: String, _ flag: Flag) throws(UsageError) -> String {
        if ["int", "uint"].contains(flag.type),
            let number = GoNumber.decimal(value, isSigned: flag.type == "int")
        {
            return number
        }
        let problem: String? =
            switch flag.type {
            case "int", "uint":
                GoNumber.isTooLarge(value, isSigned: flag.type == "int")
                    ? "value out of range" : "parse error"
            case "duration": GoDuration(value) == nil ? "parse error" : nil
            case "pair":
                value.contains("=") ? nil : "Missing \"=\" value in argument: \(value)"
            default: nil
            }
        guard let problem else { return value }
        throw UsageError(
            description: "invalid value \"\(value)\" for flag -\(flag.name): \(problem)")
    }

    /// As Go reads it; nil for what is neither.
    static func bool(_ text: String) -> Bool? {
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
