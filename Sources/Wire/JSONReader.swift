public import Primitives

/// Reads JSON strictly (RFC 8259): no comments, no trailing commas, no leading zeros, complete
/// surrogate pairs, valid UTF-8, nothing after the value. Nesting is bounded.
///
/// A pull reader: the caller requests the kind of value that it expects. `position` converts an
/// offset to line and column.
public struct JSONReader: WireDecoder, Sendable {
    @usableFromInline let input: [UInt8]
    /// The number of bytes read.
    public private(set) var offset = 0
    public let depthMax: Int
    /// Makes an unknown key of a record an error; else it is skipped.
    public var refusesUnknownKeys = false
    /// Unknown keys that are skipped in any case.
    public var toleratedKeys: [FoldedKey] = []
    private var depth = 0
    /// The offset of the opening quote of the last field's key.
    private var fieldKeyStart = 0
    private var containerIsFresh = false

    public var pendingKey = FoldedKey("")
    public var pendingKeyTaken = false

    /// - Parameter depthMax: the largest number of nested arrays and objects.
    public init(_ input: [UInt8], depthMax: Int = 128) {
        self.input = input
        self.depthMax = depthMax
        if input.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    /// Decodes one whole text into a value.
    public static func decode<T: WireValue>(_ type: T.Type = T.self, from input: [UInt8]) throws
        -> T
    {
        var reader = JSONReader(input)
        var value = T()
        try value.decode(from: &reader)
        try reader.finish()
        return value
    }

    /// Requires that nothing but white space is left.
    public mutating func finish() throws {
        skipWhiteSpace()
        if offset < input.count {
            throw error("unexpected \(shown(input[offset])) after the end of the value")
        }
    }

    // MARK: Positions

    /// Returns line and column, both from 1, of a byte offset.
    public func position(of offset: Int) -> (line: Int, column: Int) {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, input.count) where input[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        return (line, offset - lineStart + 1)
    }

    public func error(_ reason: String, at location: Int? = nil) -> JSONError {
        let location = location ?? offset
        let (line, column) = position(of: location)
        return JSONError(offset: location, line: line, column: column, reason: reason)
    }

    private func shown(_ byte: UInt8) -> String {
        byte > 0x20 && byte < 0x7F
            ? "'\(Character(Unicode.Scalar(byte)))'"
            : "byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
    }

    // MARK: Tokens

    public mutating func skipWhiteSpace() {
        while offset < input.count {
            switch input[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private mutating func peek() throws -> UInt8 {
        // Usually there is no white space.
        if offset < input.count, input[offset] > 0x20 { return input[offset] }
        skipWhiteSpace()
        guard offset < input.count else { throw error("unexpected end of JSON input") }
        return input[offset]
    }

    public mutating func nextKind() throws -> WireKind {
        switch try peek() {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "{"): return .map
        case UInt8(ascii: "-"), 0x30...0x39: return .number
        case let byte: throw error("unexpected \(shown(byte)) where a value should begin")
        }
    }

    private mutating func expect(_ kind: WireKind, _ name: String) throws {
        let found = try nextKind()
        guard found == kind else { throw error("expected \(name), found \(found.name)") }
    }

    private mutating func literal(_ text: StaticString) throws {
        let matches = text.withUTF8Buffer { input[offset...].starts(with: $0) }
        guard matches else { throw error("unexpected word: only true, false and null exist") }
        offset += text.utf8CodeUnitCount
    }

    public mutating func null() throws -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    public mutating func bool() throws -> Bool {
        try expect(.bool, "true or false")
        if input[offset] == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    // MARK: Numbers

    /// Returns the text of a number after checking its grammar.
    public mutating func number() throws -> (text: String, isWhole: Bool) {
        try expect(.number, "a number")
        let start = offset
        if input[offset] == UInt8(ascii: "-") { offset += 1 }
        if offset < input.count, input[offset] == 0x30 {
            offset += 1
            if offset < input.count, isDigit(input[offset]) {
                throw error("a number must not begin with 0", at: start)
            }
        } else if takeDigits() == 0 {
            throw error("a digit must follow", at: start)
        }
        var isWhole = true
        if offset < input.count, input[offset] == UInt8(ascii: ".") {
            isWhole = false
            offset += 1
            if takeDigits() == 0 { throw error("a digit must follow the decimal point") }
        }
        if offset < input.count, input[offset] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            offset += 1
            if offset < input.count, input[offset] == 0x2B || input[offset] == 0x2D { offset += 1 }
            if takeDigits() == 0 { throw error("a digit must follow the exponent") }
        }
        return (String(decoding: input[start..<offset], as: UTF8.self), isWhole)
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private mutating func takeDigits() -> Int {
        let start = offset
        while offset < input.count, isDigit(input[offset]) { offset += 1 }
        return offset - start
    }

    public mutating func integer() throws -> Int64 {
        skipWhiteSpace()
        let start = offset
        let (text, isWhole) = try number()
        if isWhole, let value = Int64(text) { return value }
        throw error("\(text) is not a whole number of 64 bits", at: start)
    }

    public mutating func unsigned() throws -> UInt64 {
        skipWhiteSpace()
        let start = offset
        let (text, isWhole) = try number()
        if isWhole, let value = UInt64(text) { return value }
        throw error("\(text) is not a whole number from 0 to 2^64-1", at: start)
    }

    public mutating func double() throws -> Double {
        let start = offset
        let (text, _) = try number()
        if let value = Double(text), value.isFinite { return value }
        throw error("\(text) is beyond the range of a number", at: start)
    }

    public mutating func bytes() throws -> Bytes {
        try expect(.string, "a string")
        let start = offset
        let (end, _) = endOfPlainText(from: start + 1)
        let decoded: [UInt8]?
        if end < input.count, input[end] == 0x22 {
            decoded = input.withUnsafeBufferPointer {
                Base64.decode(UnsafeBufferPointer(rebasing: $0[(start + 1)..<end]))
            }
            offset = end + 1
        } else {
            decoded = Base64.decode(try string())
        }
        guard let decoded else { throw error("illegal base64 data", at: start) }
        return Bytes(decoded)
    }

    public mutating func duration() throws -> GoDuration {
        if try nextKind() == .number { return GoDuration(nanoseconds: try integer()) }
        let start = offset
        let text = try string()
        if let duration = GoDuration(text) { return duration }
        throw error("invalid duration \"\(text)\" (write it as 90s, 1m30s or 250ms)", at: start)
    }

    // MARK: Containers

    private mutating func open() throws {
        depth += 1
        if depth > depthMax { throw error("nested deeper than \(depthMax) levels") }
        offset += 1
        containerIsFresh = true
    }

    private mutating func close() {
        depth -= 1
        offset += 1
        containerIsFresh = false
    }

    /// Advances to the next item; returns false after the last.
    private mutating func nextItem(closing bracket: UInt8) throws -> Bool {
        let byte = try peek()
        if byte == bracket {
            close()
            return false
        }
        if !containerIsFresh {
            guard byte == UInt8(ascii: ",") else {
                throw error("expected ',' or \(shown(bracket)), found \(shown(byte))")
            }
            let comma = offset
            offset += 1
            if try peek() == bracket { throw error("trailing comma: remove it", at: comma) }
        }
        containerIsFresh = false
        return true
    }

    public mutating func beginArray() throws {
        try expect(.array, "an array")
        try open()
    }

    public mutating func nextElement() throws -> Bool {
        try nextItem(closing: UInt8(ascii: "]"))
    }

    public mutating func beginMap() throws {
        try expect(.map, "an object")
        try open()
    }

    public mutating func nextKey() throws -> String? {
        guard try nextItem(closing: UInt8(ascii: "}")) else { return nil }
        guard try peek() == UInt8(ascii: "\"") else { throw error("a key must be a quoted string") }
        let key = try string()
        guard try peek() == UInt8(ascii: ":") else { throw error("expected ':' after the key") }
        offset += 1
        return key
    }

    public mutating func nextFieldKey() throws -> FoldedKey? {
        guard try nextItem(closing: UInt8(ascii: "}")) else { return nil }
        guard try peek() == UInt8(ascii: "\"") else { throw error("a key must be a quoted string") }
        fieldKeyStart = offset
        let start = offset + 1
        let (end, isASCII) = endOfPlainText(from: start)
        let key: FoldedKey
        if isASCII, end < input.count, input[end] == 0x22 {
            key = input.withUnsafeBufferPointer {
                FoldedKey(bytes: UnsafeBufferPointer(rebasing: $0[start..<end]))
            }
            offset = end + 1
        } else {
            key = FoldedKey(try string())
        }
        guard try peek() == UInt8(ascii: ":") else { throw error("expected ':' after the key") }
        offset += 1
        return key
    }

    public var fieldKeyText: String {
        var reader = self
        reader.offset = fieldKeyStart
        return (try? reader.string()) ?? ""
    }

    public mutating func unknownKey<R: Record>(_ key: String, in record: R) throws {
        if refusesUnknownKeys, !R.takesUnknownKeys, !toleratedKeys.contains(FoldedKey(key)) {
            var error = error("unknown field \"\(key)\"", at: fieldKeyStart)
            error.unknownField = JSONError.UnknownField(
                name: key, known: FieldNames(of: R()).names)
            throw error
        }
        try skip()
    }

    public mutating func skip() throws {
        switch try nextKind() {
        case .null: _ = try null()
        case .bool: _ = try bool()
        case .number: _ = try number()
        case .string: _ = try string()
        case .array:
            try beginArray()
            while try nextElement() { try skip() }
        case .map:
            try beginMap()
            while try nextKey() != nil { try skip() }
        }
    }

    // MARK: Strings

    public mutating func string() throws -> String {
        try expect(.string, "a string")
        let opening = offset
        offset += 1
        let start = offset
        let isASCII: Bool
        (offset, isASCII) = endOfPlainText(from: start)
        if offset < input.count, input[offset] == 0x22 {
            let text =
                isASCII ? ascii(start..<offset) : try validated(input[start..<offset], at: start)
            offset += 1
            return text
        }
        var bytes = Array(input[start..<offset])
        while offset < input.count {
            switch input[offset] {
            case 0x22:
                offset += 1
                return try validated(bytes[...], at: opening)
            case 0x5C:
                try appendEscape(to: &bytes)
            case 0..<0x20:
                throw error("a control character must be escaped inside a string")
            case let byte:
                bytes.append(byte)
                offset += 1
            }
        }
        throw error("this string is never closed", at: opening)
    }

    /// Returns the offset of the first quote, backslash or control character from `start` on, or
    /// the end of the input, and whether all bytes before it are ASCII.
    private func endOfPlainText(from start: Int) -> (end: Int, isASCII: Bool) {
        input.withUnsafeBufferPointer { input in
            guard let base = input.baseAddress else { return (start, true) }
            let (count, isASCII) = QuickText.plainPrefix(base + start, input.count - start)
            return (start + count, isASCII)
        }
    }

    private func ascii(_ range: Range<Int>) -> String {
        input.withUnsafeBufferPointer {
            String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self)
        }
    }

    private func validated(_ bytes: ArraySlice<UInt8>, at start: Int) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw error("this string is not valid UTF-8", at: start)
        }
        return text
    }

    private mutating func appendEscape(to bytes: inout [UInt8]) throws {
        let start = offset
        offset += 1
        guard offset < input.count else { throw error("this string is never closed", at: start) }
        let byte = input[offset]
        offset += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: bytes.append(byte)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): try appendScalar(to: &bytes, escapedAt: start)
        default: throw error("unknown escape \\\(shown(byte))", at: start)
        }
    }

    private mutating func appendScalar(to bytes: inout [UInt8], escapedAt start: Int) throws {
        var code = UInt32(try fourHexDigits())
        if code >= 0xD800, code < 0xDC00 {
            guard input[offset...].starts(with: "\\u".utf8) else {
                throw error("half of a surrogate pair", at: start)
            }
            offset += 2
            let low = UInt32(try fourHexDigits())
            guard low >= 0xDC00, low < 0xE000 else {
                throw error("half of a surrogate pair", at: start)
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw error("half of a surrogate pair", at: start)
        }
        bytes.append(contentsOf: UTF8.encode(scalar)!)
    }

    private mutating func fourHexDigits() throws -> UInt16 {
        guard offset + 4 <= input.count,
            let text = String(validating: input[offset..<offset + 4], as: UTF8.self),
            text.utf8.count == 4, let code = UInt16(text, radix: 16),
            input[offset] != UInt8(ascii: "+"), input[offset] != UInt8(ascii: "-")
        else { throw error("four hexadecimal digits must follow \\u") }
        offset += 4
        return code
    }
}

extension WireKind {
    /// The kind's name in an error message.
    public var name: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .map: "an object"
        }
    }
}
