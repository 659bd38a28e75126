public import Primitives

/// Reads MessagePack: the forms that Consul's servers write and the newer ones (`str8`, `bin`, wide
/// and signed numbers). Keys may have any order, unknown ones are skipped, missing ones leave their
/// field unchanged, nil is the empty value.
///
/// A pull reader. Nesting is bounded, and a length that exceeds the input is rejected.
public struct MessagePackReader: WireDecoder, Sendable {
    @usableFromInline let input: [UInt8]
    /// The offset of the next value.
    public private(set) var offset: Int
    public let depthMax: Int
    private var depth = 0
    /// The numbers of items left in the arrays and maps that `beginArray` and `beginMap` opened.
    private var left: [Int] = []

    /// Required by `WireDecoder`; records are read by the key's offset instead.
    public var pendingKey = Self.noKey
    @usableFromInline static let noKey = FoldedKey("")
    public var pendingKeyTaken = false
    private var keyStart = 0
    private var keyCount = 0

    /// - Parameter depthMax: the largest number of nested arrays and maps.
    public init(_ input: [UInt8], from offset: Int = 0, depthMax: Int = 64) {
        self.input = input
        self.offset = offset
        self.depthMax = depthMax
    }

    /// Decodes one whole value; nothing may follow it.
    @inlinable
    public static func decode<T: WireValue>(
        _ type: T.Type = T.self, from input: [UInt8], at offset: Int = 0
    ) throws -> T {
        var reader = MessagePackReader(input, from: offset)
        var value = T()
        try value.decode(from: &reader)
        try reader.finish()
        return value
    }

    /// Requires that the input is used up.
    public func finish() throws {
        if offset < input.count { throw error("\(input.count - offset) bytes after the value") }
    }

    public var isAtEnd: Bool { offset >= input.count }

    public func error(_ reason: String) -> MessagePackError {
        MessagePackError(offset: offset, reason: reason)
    }

    private var truncated: MessagePackError {
        MessagePackError(
            offset: offset, reason: "the input ends inside a value", isTruncated: true)
    }

    private func unexpected(_ wanted: String) -> MessagePackError {
        let hex = String(input[offset], radix: 16)
        return error("expected \(wanted), found the mark 0x\(hex.count < 2 ? "0" : "")\(hex)")
    }

    // MARK: Marks

    private func peek() throws -> UInt8 {
        guard offset < input.count else { throw truncated }
        return input[offset]
    }

    /// Reads one plain byte: the type before a message.
    public mutating func byte() throws -> UInt8 {
        let byte = try peek()
        offset += 1
        return byte
    }

    /// Reads the number in the `bytes` bytes after the mark, which must exist, and advances.
    private mutating func number(bytes: Int) throws -> UInt64 {
        guard input.count - offset > bytes else { throw truncated }
        var value: UInt64 = 0
        for index in 1...bytes { value = value << 8 | UInt64(input[offset + index]) }
        offset += 1 + bytes
        return value
    }

    public mutating func nextKind() throws -> WireKind {
        switch try peek() {
        case 0xC0: return .null
        case 0xC2, 0xC3: return .bool
        case 0x00...0x7F, 0xE0...0xFF, 0xCA...0xD3: return .number
        case 0xA0...0xBF, 0xD9...0xDB, 0xC4...0xC6: return .string
        case 0x90...0x9F, 0xDC, 0xDD: return .array
        case 0x80...0x8F, 0xDE, 0xDF: return .map
        default: throw unexpected("a value")
        }
    }

    // MARK: Scalars

    public mutating func null() throws -> Bool {
        guard try peek() == 0xC0 else { return false }
        offset += 1
        return true
    }

    public mutating func bool() throws -> Bool {
        let mark = try peek()
        guard mark == 0xC2 || mark == 0xC3 else { throw unexpected("true or false") }
        offset += 1
        return mark == 0xC3
    }

    /// Reads an integer as its bits and its sign.
    private mutating func whole() throws -> (bits: UInt64, isNegative: Bool) {
        let mark = try peek()
        switch mark {
        case 0x00...0x7F:
            offset += 1
            return (UInt64(mark), false)
        case 0xE0...0xFF:
            offset += 1
            return (UInt64(bitPattern: Int64(Int8(bitPattern: mark))), true)
        case 0xCC...0xCF:
            return (try number(bytes: 1 << Int(mark - 0xCC)), false)
        case 0xD0...0xD3:
            let size = 1 << Int(mark - 0xD0)
            let shift = UInt64(64 - size * 8)
            let value = Int64(bitPattern: try number(bytes: size) << shift) >> Int64(shift)
            return (UInt64(bitPattern: value), value < 0)
        default: throw unexpected("a whole number")
        }
    }

    public mutating func integer() throws -> Int64 {
        let start = offset
        let (bits, isNegative) = try whole()
        if !isNegative, bits > UInt64(Int64.max) {
            throw MessagePackError(offset: start, reason: "\(bits) is beyond 2^63-1")
        }
        return Int64(bitPattern: bits)
    }

    public mutating func unsigned() throws -> UInt64 {
        let start = offset
        let (bits, isNegative) = try whole()
        if isNegative {
            throw MessagePackError(
                offset: start, reason: "\(Int64(bitPattern: bits)) is below 0")
        }
        return bits
    }

    public mutating func double() throws -> Double {
        switch try peek() {
        case 0xCA: return Double(Float(bitPattern: UInt32(try number(bytes: 4))))
        case 0xCB: return Double(bitPattern: try number(bytes: 8))
        default:
            let (bits, isNegative) = try whole()
            return isNegative ? Double(Int64(bitPattern: bits)) : Double(bits)
        }
    }

    public mutating func duration() throws -> GoDuration {
        GoDuration(nanoseconds: try integer())
    }

    // MARK: Text and bytes

    /// Skips a value of the raw family or its newer forms, and returns its range.
    private mutating func raw(_ wanted: String) throws -> Range<Int> {
        let mark = try peek()
        let count: Int
        let start = offset
        switch mark {
        case 0xA0...0xBF:
            count = Int(mark & 0x1F)
            offset += 1
        case 0xD9...0xDB: count = Int(try number(bytes: 1 << Int(mark - 0xD9)))
        case 0xC4...0xC6: count = Int(try number(bytes: 1 << Int(mark - 0xC4)))
        default: throw unexpected(wanted)
        }
        guard count <= input.count - offset else {
            offset = start
            throw truncated
        }
        defer { offset += count }
        return offset..<offset + count
    }

    /// Invalid UTF-8 becomes U+FFFD: a check's output may contain any bytes.
    public mutating func string() throws -> String {
        let range = try raw("text")
        return input.withUnsafeBufferPointer {
            String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self)
        }
    }

    public mutating func bytes() throws -> Bytes { Bytes(Array(input[try raw("bytes")])) }

    /// The seconds are UTC, whatever the offset is.
    public mutating func timestamp() throws -> Timestamp {
        let start = offset
        let range = try raw("a time")
        let bytes = input[range]
        let value = bytes.dropFirst().prefix(12)
        let seconds = value.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let nanoseconds = value.dropFirst(8).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard bytes.count == 15, bytes.first == 1, nanoseconds < 1_000_000_000 else {
            throw MessagePackError(offset: start, reason: "these bytes are no time")
        }
        return Timestamp(
            seconds: Int64(bitPattern: seconds), nanoseconds: Int32(nanoseconds))
    }

    // MARK: Containers

    /// Returns the number of items of the array or map, each of which takes at least `sizeMin`
    /// bytes.
    private mutating func count(
        _ fix: UInt8, _ wide: UInt8, _ wanted: String, sizeMin: Int
    ) throws -> Int {
        let mark = try peek()
        let start = offset
        let count: Int
        if mark & 0xF0 == fix {
            count = Int(mark & 0x0F)
            offset += 1
        } else if mark == wide || mark == wide + 1 {
            count = Int(try number(bytes: mark == wide ? 2 : 4))
        } else {
            throw unexpected(wanted)
        }
        guard count * sizeMin <= input.count - offset else {
            offset = start
            throw truncated
        }
        depth += 1
        if depth > depthMax { throw error("nested deeper than \(depthMax) levels") }
        return count
    }

    public mutating func beginArray() throws {
        left.append(try count(0x90, 0xDC, "an array", sizeMin: 1))
    }

    public mutating func nextElement() throws -> Bool {
        let last = left.count - 1
        if left[last] == 0 {
            left.removeLast()
            depth -= 1
            return false
        }
        left[last] -= 1
        return true
    }

    public mutating func beginMap() throws {
        left.append(try count(0x80, 0xDE, "a map", sizeMin: 2))
    }

    /// Required by `WireDecoder`, like `pendingKey`.
    public mutating func nextFieldKey() throws -> FoldedKey? {
        try nextKey().map { FoldedKey($0) }
    }
    public var fieldKeyText: String { "" }

    public mutating func nextKey() throws -> String? {
        try nextElement() ? string() : nil
    }

    /// Returns true when the map has another entry, whose key is next and may be any value.
    public mutating func nextEntry() throws -> Bool { try nextElement() }

    public mutating func skip() throws {
        switch try nextKind() {
        case .null, .bool: offset += 1
        case .number:
            let mark = input[offset]
            if mark == 0xCA || mark == 0xCB { _ = try double() } else { _ = try whole() }
        case .string: _ = try raw("bytes")
        case .array:
            for _ in 0..<(try count(0x90, 0xDC, "an array", sizeMin: 1)) { try skip() }
            depth -= 1
        case .map:
            for _ in 0..<(try count(0x80, 0xDE, "a map", sizeMin: 2)) {
                try skip()
                try skip()
            }
            depth -= 1
        }
    }

    // MARK: Records

    public mutating func unknownKey<R: Record>(_ key: String, in record: R) throws { try skip() }

    @usableFromInline mutating func beginRecord() throws -> Int {
        try count(0x80, 0xDE, "a map", sizeMin: 2)
    }

    @usableFromInline mutating func endRecord() { depth -= 1 }

    @usableFromInline mutating func readKey() throws {
        let range = try raw("a field's name")
        keyStart = range.lowerBound
        keyCount = range.count
        pendingKeyTaken = false
    }

    @usableFromInline func keyIs(_ name: StaticString) -> Bool {
        guard name.utf8CodeUnitCount == keyCount else { return false }
        let name = name.utf8Start
        return input.withUnsafeBufferPointer { input in
            for index in 0..<keyCount where input[keyStart + index] != name[index] {
                return false
            }
            return true
        }
    }

    @inlinable
    public mutating func record<R: Record>(_ value: inout R) throws {
        if try null() {
            value = R()
            return
        }
        for _ in 0..<(try beginRecord()) {
            try readKey()
            try value.fields(&self)
            if !pendingKeyTaken { try skip() }
        }
        endRecord()
    }

    @inlinable
    public mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        guard !pendingKeyTaken, keyIs(name), !rule.contains(.inputOnly) else { return }
        try value.decode(from: &self)
        // A nested record has set its own keys; this key stays matched.
        pendingKeyTaken = true
    }
}
