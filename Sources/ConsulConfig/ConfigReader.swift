import Primitives
import Wire

/// Reads records and plain values from a fragment's tree: the "configuration in" visitor.
///
/// Unlike the readers of the wire it continues after an error with the empty value, and it refuses
/// unknown keys, so that one run reports every fault.
struct ConfigReader: WireDecoder {
    private enum Frame {
        case list([SourceNode], next: Int)
        case map([SourceEntry], next: Int, taken: [String: SourcePosition])
    }
    private enum Step {
        case key(String)
        case index(Int)
    }

    private var current: SourceNode
    private var currentKeyPlace: SourcePosition
    private var frames: [(frame: Frame, pathCount: Int)] = []
    private let base: String
    private var steps: [Step] = []
    private(set) var errors: [ConfigError] = []
    var pendingKey = FoldedKey("")
    var pendingKeyTaken = false
    private(set) var fieldKeyText = ""

    /// - Parameter path: the path of `node` in its fragment.
    init(_ node: SourceNode, path: String) {
        current = node
        currentKeyPlace = node.position
        base = path
    }

    /// Reads one value and reports its faults.
    static func read<T: WireValue>(
        _ type: T.Type = T.self, from node: SourceNode, path: String
    ) -> (value: T, errors: [ConfigError]) {
        var reader = ConfigReader(node, path: path)
        var value = T()
        do { try value.decode(from: &reader) } catch {
            reader.errors.append(ConfigError(node.position, path: path, "\(error)"))
        }
        return (value, reader.errors)
    }

    private var path: String {
        var text = KeyPathText(text: base)
        for step in steps {
            switch step {
            case .key(let key): text = text.key(key)
            case .index(let index): text = text.element(index)
            }
        }
        return text.text
    }

    private mutating func report(
        _ message: String, at position: SourcePosition? = nil, isTolerated: Bool = false
    ) {
        errors.append(
            ConfigError(
                position ?? current.position, path: path, message, isTolerated: isTolerated))
    }

    private mutating func mismatch(_ wanted: String) {
        var remedy = ""
        switch (wanted, current.content) {
        case ("true or false", .string(let text)):
            let words = ["yes", "no", "on", "off", "y", "n", "true", "false"]
            if words.contains(text.lowercased()) { remedy = ": write true or false, unquoted" }
        case ("a string", .number), ("a string", .bool): remedy = ": put it in quotes"
        case ("a list", .string(let text)): remedy = ": write [\(quoted(text))]"
        default: break
        }
        report("expected \(wanted), found \(current.kindName)\(remedy)")
    }

    // MARK: Scalars

    mutating func nextKind() -> WireKind {
        switch current.content {
        case .null: .null
        case .bool: .bool
        case .number: .number
        case .string, .interpolated: .string
        case .list: .array
        case .map: .map
        }
    }

    mutating func null() -> Bool {
        if case .null = current.content { true } else { false }
    }

    mutating func bool() -> Bool {
        switch current.content {
        case .bool(let value): return value
        case .interpolated(let text) where text == "true" || text == "false": return text == "true"
        default:
            mismatch("true or false")
            return false
        }
    }

    private var numberText: String? {
        switch current.content {
        case .number(let text), .interpolated(let text): text
        default: nil
        }
    }

    private mutating func number<T>(_ parse: (String) -> T?, or empty: T, _ what: String) -> T {
        if let text = numberText, let value = parse(text) { return value }
        if case .number(let text) = current.content {
            report("\(text) is not \(what)")
        } else {
            mismatch("a number")
        }
        return empty
    }

    /// HashiCorp's agent truncates a fraction.
    mutating func integer() -> Int64 {
        if case .number(let text) = current.content, SourceNumber.integer(text) == nil,
            let number = SourceNumber.double(text),
            let value = Int64(exactly: number.rounded(.towardZero))
        {
            report("\(text) is not a whole number of 64 bits", isTolerated: true)
            return value
        }
        return number(SourceNumber.integer, or: 0, "a whole number of 64 bits")
    }
    mutating func unsigned() -> UInt64 {
        number(SourceNumber.unsigned, or: 0, "a whole number from 0 to 2^64-1")
    }
    mutating func double() -> Double {
        number(SourceNumber.double, or: 0, "a number that can be read")
    }

    mutating func string() -> String {
        if let text = current.text { return text }
        mismatch("a string")
        return ""
    }

    mutating func bytes() -> Bytes {
        guard let text = current.text else {
            mismatch("a string of base64")
            return Bytes()
        }
        if let bytes = Base64.decode(text) { return Bytes(bytes) }
        report("\(quoted(text)) is not base64")
        return Bytes()
    }

    /// Accepts text only: Consul would read a bare number as nanoseconds, which is never intended.
    mutating func duration() -> GoDuration {
        guard let text = current.text else {
            report(
                "expected a duration such as \"10s\" or \"1m30s\", found \(current.kindName)")
            return .zero
        }
        if let duration = GoDuration(text) { return duration }
        report("invalid duration \(quoted(text)) (write it as 90s, 1m30s or 250ms)")
        return .zero
    }

    mutating func skip() {}

    // MARK: Containers

    mutating func beginArray() {
        var nodes: [SourceNode] = []
        if let elements = current.elements {
            nodes = elements
        } else if current.text != nil, isHandlerProgram {
            report("expected a list, found a string: it is taken as the program", isTolerated: true)
            nodes = [current]
        } else {
            mismatch("a list")
        }
        frames.append((.list(nodes, next: 0), steps.count))
    }

    /// Returns whether this is a watch's `args`, for which HashiCorp's agent accepts a text too.
    private var isHandlerProgram: Bool {
        guard base.hasPrefix("watches"), steps.count == 1, case .key(let key) = steps[0] else {
            return false
        }
        return key.lowercased() == "args"
    }

    mutating func nextElement() -> Bool {
        guard case (.list(let nodes, let next), let count)? = frames.last else { return false }
        steps.removeLast(steps.count - count)
        guard next < nodes.count else {
            frames.removeLast()
            return false
        }
        frames[frames.count - 1].frame = .list(nodes, next: next + 1)
        current = nodes[next]
        currentKeyPlace = current.position
        steps.append(.index(next))
        return true
    }

    mutating func beginMap() {
        var entries: [SourceEntry] = []
        if let found = current.block { entries = found } else { mismatch("a map") }
        frames.append((.map(entries, next: 0, taken: [:]), steps.count))
    }

    mutating func nextFieldKey() -> FoldedKey? {
        guard let key = nextKey() else { return nil }
        fieldKeyText = key
        return FoldedKey(key)
    }

    mutating func nextKey() -> String? {
        guard case (.map(let entries, let next, let taken), let count)? = frames.last else {
            return nil
        }
        steps.removeLast(steps.count - count)
        guard next < entries.count else {
            frames.removeLast()
            return nil
        }
        frames[frames.count - 1].frame = .map(entries, next: next + 1, taken: taken)
        current = entries[next].value
        currentKeyPlace = entries[next].position
        steps.append(.key(entries[next].key))
        return entries[next].key
    }

    // MARK: Records

    mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        guard !pendingKeyTaken, pendingKey.matches(name) else { return }
        noteTaken(name.description)
        try value.decode(from: &self)
        pendingKeyTaken = true
    }

    /// `Name` and `name` in one map are the same field twice.
    private mutating func noteTaken(_ name: String) {
        guard case .map(let entries, let next, var taken)? = frames.last?.frame else { return }
        if let first = taken[name] {
            report("given twice in two spellings (first at \(first))", at: currentKeyPlace)
        } else {
            taken[name] = currentKeyPlace
            frames[frames.count - 1].frame = .map(entries, next: next, taken: taken)
        }
    }

    mutating func unknownKey<R: Record>(_ key: String, in record: R) {
        if isCommentKey(key) { return }
        report(Suggestion.unknownKey(key, known: R.keysInFragments), at: currentKeyPlace)
    }
}

/// Keys for comments and anchors, ignored wherever keys have a meaning. In maps of data (`meta`,
/// `header`) they are data.
func isCommentKey(_ key: String) -> Bool { key == "_comment" || key.hasPrefix("x-") }
