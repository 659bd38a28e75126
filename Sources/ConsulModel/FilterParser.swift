/// Parses an expression. Recursive only in parentheses and after `not`.
struct FilterParser {
    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0
    private var patterns = 0

    init(_ expression: String) { bytes = Array(expression.utf8) }

    mutating func parse() throws(FilterError) -> FilterNode {
        if bytes.count > FilterLimits.expressionBytesMax {
            throw FilterError(
                reason: "expression is longer than \(FilterLimits.expressionBytesMax) bytes")
        }
        skipSpace()
        let node = try parseAny()
        skipSpace()
        guard at == bytes.count else { throw expected("\"and\", \"or\", [ \\t\\r\\n] or EOF") }
        return node
    }

    // MARK: Combinations

    private mutating func parseAny() throws(FilterError) -> FilterNode {
        var nodes = [try parseAll()]
        while try takeJoint("or") { nodes.append(try parseAll()) }
        return nodes.count == 1 ? nodes[0] : .any(nodes)
    }

    private mutating func parseAll() throws(FilterError) -> FilterNode {
        var nodes = [try parseNegation()]
        while try takeJoint("and") { nodes.append(try parseNegation()) }
        return nodes.count == 1 ? nodes[0] : .all(nodes)
    }

    private mutating func parseNegation() throws(FilterError) -> FilterNode {
        var negations = 0
        while takeWord("not") {
            negations += 1
            skipSpace()
        }
        let node = try parseGroup()
        return negations % 2 == 0 ? node : .not(node)
    }

    private mutating func parseGroup() throws(FilterError) -> FilterNode {
        guard take("(") else { return .match(try parseMatch()) }
        depth += 1
        defer { depth -= 1 }
        if depth > FilterLimits.depthMax {
            throw FilterError(reason: "more than \(FilterLimits.depthMax) nested parentheses")
        }
        skipSpace()
        let node = try parseAny()
        skipSpace()
        guard take(")") else { throw fault("rule \"grouping\": Unmatched parentheses") }
        return node
    }

    /// `and` and `or` need a space on both sides.
    private mutating func takeJoint(_ word: StaticString) throws(FilterError) -> Bool {
        let start = at
        guard skipSpace(), isNext(word) else {
            at = start
            return false
        }
        at += word.utf8CodeUnitCount
        guard skipSpace() else { throw expected("[ \\t\\r\\n]") }
        return true
    }

    // MARK: Matches

    private mutating func parseMatch() throws(FilterError) -> FilterMatch {
        let start = at
        guard let first = peek else { throw expected(Self.operandStart) }
        if Self.isLetter(first) {
            let selector = try parseSelector()
            let raw = String(decoding: bytes[start..<at], as: UTF8.self)
            return try parseOperation(on: selector, raw)
        }
        let value = try parseValue()
        guard skipSpace() else { throw expected("\"in\", \"not\" or [ \\t\\r\\n]") }
        let isNegation = takeWord("not")
        if isNegation { skipSpace() }
        guard takeWord("in") else { throw expected("\"in\", \"not\" or [ \\t\\r\\n]") }
        return try parseWithin(value, isNegation)
    }

    private mutating func parseOperation(
        on selector: [String], _ raw: String
    ) throws(FilterError) -> FilterMatch {
        let isApart = skipSpace()
        if isNext("==") || isNext("!=") {
            let operation: FilterMatch.Operation = bytes[at] == 0x3D ? .equal : .notEqual
            at += 2
            skipSpace()
            return FilterMatch(selector: selector, operation: operation, value: try parseValue())
        }
        guard isApart else {
            throw expected("\"!=\", \".\", \"==\", \"[\", [ \\t\\r\\n] or [a-zA-Z0-9_]")
        }
        if takeWord("is") {
            skipSpace()
            let isNegation = takeWord("not")
            if isNegation { skipSpace() }
            guard isNext("empty") else { throw expected("\"empty\" or [ \\t\\r\\n]") }
            at += 5
            return FilterMatch(
                selector: selector, operation: isNegation ? .isNotEmpty : .isEmpty)
        }
        let isNegation = takeWord("not")
        if isNegation { skipSpace() }
        if takeWord("in") { return try parseWithin(raw, isNegation) }
        let isPattern = takeWord("matches")
        guard isPattern || takeWord("contains") else {
            throw expected(
                isNegation
                    ? "\"contains\", \"in\", \"matches\" or [ \\t\\r\\n]"
                    : "\"!=\", \"==\", \"contains\", \"in\", \"is\", \"matches\", "
                        + "\"not\" or [ \\t\\r\\n]")
        }
        skipSpace()
        if isPattern { patterns += 1 }
        if patterns > FilterLimits.patternsMax {
            throw FilterError(reason: "more than \(FilterLimits.patternsMax) patterns")
        }
        let operation: FilterMatch.Operation =
            isPattern
            ? (isNegation ? .notMatches : .matches) : (isNegation ? .notWithin : .within)
        return FilterMatch(selector: selector, operation: operation, value: try parseValue())
    }

    /// Parses the selector after `in`.
    private mutating func parseWithin(
        _ value: String, _ isNegation: Bool
    ) throws(FilterError) -> FilterMatch {
        skipSpace()
        guard let first = peek, Self.isLetter(first) else {
            throw fault("rule \"match\": Invalid selector")
        }
        return FilterMatch(
            selector: try parseSelector(), operation: isNegation ? .notWithin : .within,
            value: value)
    }

    // MARK: Selectors and values

    private mutating func parseSelector() throws(FilterError) -> [String] {
        var parts = [takeIdentifier()]
        while true {
            if take(".") {
                guard let next = peek, Self.isLetter(next) else { throw expected("[a-zA-Z]") }
                parts.append(takeIdentifier())
            } else if take("[") {
                skipSpace()
                guard peek == 0x22 || peek == 0x60 else {
                    throw fault("rule \"index\": Invalid index")
                }
                parts.append(try parseText())
                skipSpace()
                guard take("]") else { throw fault("rule \"index\": Unclosed index expression") }
            } else {
                return parts
            }
        }
    }

    private mutating func takeIdentifier() -> String {
        let start = at
        while let byte = peek, Self.isWordByte(byte) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func parseValue() throws(FilterError) -> String {
        guard let first = peek else { throw expected(Self.valueStart) }
        let start = at
        switch first {
        case 0x22, 0x60: return try parseText()
        case 0x2D, 0x30...0x39: try skipNumber()
        case _ where Self.isLetter(first): _ = try parseSelector()
        default: throw expected(Self.valueStart)
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func skipNumber() throws(FilterError) {
        _ = take("-")
        let start = at
        skipDigits()
        let hasWhole = at > start && !(bytes[start] == 0x30 && at - start > 1)
        var hasFraction = true
        if take(".") {
            let fraction = at
            skipDigits()
            hasFraction = at > fraction
        }
        let isCut = peek.map { !Self.isWordByte($0) } ?? true
        guard hasWhole, hasFraction, isCut else {
            if !hasWhole || bytes[start] == 0x30 { at = min(at, start + 1) }
            throw fault("rule \"number\": Invalid number literal")
        }
    }

    private mutating func skipDigits() {
        while let byte = peek, byte >= 0x30, byte <= 0x39 { at += 1 }
    }

    /// Parses a text in double quotes, with Go's escapes, or a verbatim text in backquotes.
    private mutating func parseText() throws(FilterError) -> String {
        let quote = bytes[at]
        let start = at
        at += 1
        while let byte = peek, byte != quote { at += 1 }
        guard peek == quote else { throw fault("rule \"string\": Unterminated string literal") }
        let inner = bytes[(start + 1)..<at]
        at += 1
        if quote == 0x60 { return String(decoding: inner, as: UTF8.self) }
        guard let text = FilterText.unescape(inner) else {
            at = start
            throw fault("rule \"string\": invalid syntax")
        }
        return text
    }

    // MARK: Bytes

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = at
        while let byte = peek, byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) { at += 1 }
        return at > start
    }

    private func isNext(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[at...].starts(with: $0) }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        guard isNext(text) else { return false }
        at += text.utf8CodeUnitCount
        return true
    }

    /// Consumes a word that a space or the end follows.
    private mutating func takeWord(_ word: StaticString) -> Bool {
        guard isNext(word) else { return false }
        let end = at + word.utf8CodeUnitCount
        if end < bytes.count, bytes[end] != 0x20, !(0x09...0x0D).contains(bytes[end]) {
            return false
        }
        at = end
        return true
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5F
    }

    // MARK: Errors

    private static let valueStart = "\"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], [1-9] or [a-zA-Z]"
    private static let operandStart =
        "\"(\", \"-\", \"0\", \"\\\"\", \"`\", \"not\", [ \\t\\r\\n], [1-9] or [a-zA-Z]"

    private func expected(_ what: String) -> FilterError {
        fault("no match found, expected: \(what)")
    }

    /// Formats the position as Consul's parser does: line, column, and the offset in parentheses.
    private func fault(_ reason: String) -> FilterError {
        let before = bytes[..<at]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        // Columns count characters: continuation bytes of UTF-8 do not.
        let column = bytes[lineStart..<at].count { $0 & 0xC0 != 0x80 } + 1
        return FilterError(reason: "\(line):\(column) (\(at)): \(reason)")
    }
}
