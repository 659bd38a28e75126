import Primitives

/// Describes a flag, in the form of Go's `flag` package: `-name value`, `-name=value`, one dash or
/// two. A bare boolean is true. The first word without a dash ends the flags.
public struct Flag: Sendable {
    public enum Form: Sendable { case bool, value, list }

    public let name: String
    public let form: Form
    public let help: String
    /// Names the value's type in Go's words, which decides the accepted values: `string`, `int`,
    /// `uint`, `duration`, `pair` for `key=value`, or `value` for a form of Consul's own.
    public let type: String

    public init(_ name: String, _ form: Form = .value, _ help: String, type: String? = nil) {
        self.name = name
        self.form = form
        self.help = help
        self.type = type ?? (form == .list ? "value" : "string")
    }

    /// Chooses the output of each command that lists.
    public static let format = Flag("format", .value, "Output format {pretty|json}")
}

/// Describes a fault of a command line in Go's words.
public struct UsageError: Error, CustomStringConvertible {
    public let description: String
    /// True when `-h` or `-help` was given: the help is printed, and there is no fault.
    public var isHelpWanted: Bool

    public init(description: String, isHelpWanted: Bool = false) {
        self.description = description
        self.isHelpWanted = isHelpWanted
    }
}

/// Holds the flags and arguments of a command line.
public struct ParsedFlags: Sendable {
    /// In the order given.
    public private(set) var given: [(name: String, value: String)] = []
    public private(set) var arguments: [String] = []

    public static let none = ParsedFlags()
    private init() {}

    /// Takes all words as arguments.
    public init(verbatim words: [String]) { arguments = words }

    public init(_ words: [String], flags: [Flag]) throws(UsageError) {
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
            given.append((name, try Self.normalized(value, flag)))
        } else {
            throw UsageError(description: "flag needs an argument: -\(name)")
        }
    }

    /// Validates a value and normalises its form.
    /// - Returns: the value; a number in decimal, however it was written.
    private static func normalized(_ value: String, _ flag: Flag) throws(UsageError) -> String {
        if ["int", "uint"].contains(flag.type),
            let number = GoInteger.decimal(value, isSigned: flag.type == "int")
        {
            return number
        }
        let problem: String? =
            switch flag.type {
            case "int", "uint":
                GoInteger.isTooLarge(value, isSigned: flag.type == "int")
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

    /// Reads a boolean as Go does; nil for any other text.
    public static func bool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    public func has(_ name: String) -> Bool { given.contains { $0.name == name } }

    /// Returns the last value given; empty when there is none.
    public subscript(_ name: String) -> String { given.last { $0.name == name }?.value ?? "" }

    public func all(_ name: String) -> [String] {
        given.filter { $0.name == name }.map { $0.value }
    }

    public func isOn(_ name: String, default standard: Bool = false) -> Bool {
        given.last { $0.name == name }.flatMap { Self.bool($0.value) } ?? standard
    }
}
