public import Primitives

/// Writes JSON as Go's `encoding/json` does: the same escapes (including `<`, `>` and `&`), maps in
/// byte order of their keys and, optionally, an indent of four spaces.
public struct JSONWriter: WireEncoder, FieldVisitor, Sendable {
    /// Changed only while this writer has the only reference.
    private nonisolated(unsafe) var buffer: WireBuffer
    private var used = 0

    /// The reader of the text decides about fields with the rule `omitEmptyInAnswers`.
    public enum Audience: Sendable { case httpAnswer, client }

    @usableFromInline let pretty: Bool
    @usableFromInline let audience: Audience
    private let usesTabs: Bool
    private var depth = 0
    private var containerIsEmpty = true
    private var afterKey = false

    /// - Parameter usesTabs: indents by tabs instead of four spaces, as `consul kv export` does.
    public init(
        pretty: Bool = false, audience: Audience = .httpAnswer, capacity: Int = 256,
        usesTabs: Bool = false
    ) {
        self.pretty = pretty
        self.usesTabs = usesTabs
        self.audience = audience
        buffer = WireBuffer.make(capacity: capacity)
    }

    /// A copy of the text written so far.
    public var output: [UInt8] { buffer.prefix(used) }

    /// - Parameters:
    ///   - capacity: the estimated length in bytes; a good estimate saves copies of a long text.
    ///   - endsLine: appends a line end.
    @inlinable
    public static func encode(
        _ value: some WireValue, pretty: Bool = false, audience: Audience = .httpAnswer,
        capacity: Int = 256, endsLine: Bool = false
    ) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty, audience: audience, capacity: capacity)
        value.encode(to: &writer)
        if endsLine { writer.endLine() }
        return writer.output
    }

    /// Appended after the whole text.
    @usableFromInline mutating func endLine() { put(0x0A) }

    // MARK: Bytes

    /// Returns space for `count` more bytes after the written ones. The caller adds to `used`.
    private mutating func room(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if used + count > buffer.count || !isKnownUniquelyReferenced(&buffer) {
            buffer = buffer.grown(keeping: used, more: count)
        }
        return buffer.base + used
    }

    private mutating func put(_ byte: UInt8) {
        room(1).pointee = byte
        used += 1
    }

    private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        room(bytes.count).update(from: start, count: bytes.count)
        used += bytes.count
    }

    private mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { put($0) }
    }

    // MARK: Structure

    /// Writes the comma, line break and indent before the next value or key.
    private mutating func separate() {
        if afterKey {
            afterKey = false
            return
        }
        guard depth > 0 else { return }
        if !containerIsEmpty { put(UInt8(ascii: ",")) }
        containerIsEmpty = false
        newLine()
    }

    private mutating func newLine() {
        guard pretty else { return }
        let count = usesTabs ? depth : depth * 4
        let space = room(count + 1 + QuickText.slack)
        space[0] = 0x0A
        QuickText.fill(space + 1, count, with: usesTabs ? 0x09 : 0x20)
        used += count + 1
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        put(bracket)
        depth += 1
        containerIsEmpty = true
    }

    private mutating func close(_ bracket: UInt8) {
        depth -= 1
        if !containerIsEmpty { newLine() }
        containerIsEmpty = false
        put(bracket)
    }

    public mutating func beginArray(count: Int) { open(UInt8(ascii: "[")) }
    public mutating func endArray() { close(UInt8(ascii: "]")) }
    public mutating func beginMap(count: Int) { open(UInt8(ascii: "{")) }
    public mutating func endMap() { close(UInt8(ascii: "}")) }

    public mutating func key(_ key: String) {
        separate()
        quote(key)
        afterColon()
    }

    private mutating func afterColon() {
        put(UInt8(ascii: ":"))
        if pretty { put(0x20) }
        afterKey = true
    }

    /// Writes the name of a field, which never needs escapes.
    @usableFromInline mutating func key(_ name: StaticString) {
        // Most of a record's text is names and indents: the capacity is checked once for each.
        let count = name.utf8CodeUnitCount
        let indent = !pretty ? 0 : usesTabs ? depth + 1 : depth * 4 + 1
        let start = room(count + indent + 5 + QuickText.slack)
        var space = start
        if !containerIsEmpty {
            space[0] = UInt8(ascii: ",")
            space += 1
        }
        containerIsEmpty = false
        if pretty {
            space[0] = 0x0A
            QuickText.fill(space + 1, indent - 1, with: usesTabs ? 0x09 : 0x20)
            space += indent
        }
        space[0] = UInt8(ascii: "\"")
        QuickText.copy(name.utf8Start, count, to: space + 1)
        space[count + 1] = UInt8(ascii: "\"")
        space[count + 2] = UInt8(ascii: ":")
        space += count + 3
        if pretty {
            space[0] = 0x20
            space += 1
        }
        used += space - start
        afterKey = true
    }

    // MARK: Records

    @inlinable
    public mutating func record<R: Record>(_ value: R) {
        var value = value
        recordInPlace(&value)
    }

    @inlinable
    public mutating func recordInPlace<R: Record>(_ value: inout R) {
        beginMap(count: 0)
        do { try value.fields(&self) } catch { preconditionFailure("writing threw \(error)") }
        endMap()
    }

    @inlinable
    public mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        if rule.rawValue != 0 {
            if !rule.isDisjoint(with: [.inputOnly, .binaryOnly]) { return }
            if value.isWireEmpty {
                if !rule.isDisjoint(with: [.omitEmpty, .beyond]) { return }
                if rule.contains(.omitEmptyInAnswers), audience == .httpAnswer { return }
                if rule.contains(.nullWhenEmpty) {
                    key(name)
                    null()
                    return
                }
            }
        }
        key(name)
        value.encodeInPlace(to: &self)
    }

    // MARK: Scalars

    public mutating func null() {
        separate()
        put("null")
    }

    public mutating func bool(_ value: Bool) {
        separate()
        put(value ? "true" : "false")
    }

    public mutating func integer(_ value: Int64) {
        separate()
        if value < 0 { put(UInt8(ascii: "-")) }
        digits(value.magnitude)
    }

    public mutating func unsigned(_ value: UInt64) {
        separate()
        digits(value)
    }

    /// Prints like Go's float64; a number that JSON cannot express becomes null.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        if value != 0, value == value.rounded(), value.magnitude < 1e15 {
            return integer(Int64(value))
        }
        separate()
        put(copying: GoNumber.text(value).utf8)
    }

    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    public mutating func bytes(_ value: Bytes) {
        separate()
        let count = (value.array.count + 2) / 3 * 4
        let space = room(count + 2)
        space[0] = UInt8(ascii: "\"")
        value.array.withUnsafeBufferPointer { Base64.write($0, to: space + 1) }
        space[count + 1] = UInt8(ascii: "\"")
        used += count + 2
    }

    public mutating func duration(_ value: GoDuration) { string(value.description) }

    /// Appends text that is JSON already, unchanged.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        put(copying: json)
    }

    private mutating func put(copying bytes: some Sequence<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { put($0) }
        if done == nil { for byte in bytes { put(byte) } }
    }

    private mutating func digits(_ value: UInt64) {
        var count = 1
        var bound = value / 10
        while bound > 0 {
            count += 1
            bound /= 10
        }
        let space = room(count)
        var rest = value
        for position in stride(from: count - 1, through: 0, by: -1) {
            space[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        used += count
    }

    private mutating func quote(_ text: String) {
        let done: Void? = text.utf8.withContiguousStorageIfAvailable { quote($0) }
        if done == nil {
            var native = text
            native.withUTF8 { quote($0) }
        }
    }

    private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
        let count = text.count
        let space = room(count + 2)
        space[0] = UInt8(ascii: "\"")
        // Scans and copies at once, because nearly every text needs no escapes.
        let isPlain = text.baseAddress.map { QuickText.copyPlain($0, count, to: space + 1) } ?? true
        used += 1
        if isPlain {
            space[count + 1] = UInt8(ascii: "\"")
            used += count + 1
        } else {
            escape(text)
            put(UInt8(ascii: "\""))
        }
    }

    private mutating func escape(_ utf8: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var index = 0
        while index < utf8.count {
            let byte = utf8[index]
            let isLineSeparator =
                byte == 0xE2 && index + 2 < utf8.count && utf8[index + 1] == 0x80
                && utf8[index + 2] & 0xFE == 0xA8
            if JSONEscapes.isPlain(byte) && !isLineSeparator {
                index += 1
                continue
            }
            put(UnsafeBufferPointer(rebasing: utf8[start..<index]))
            if isLineSeparator {
                put(utf8[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
                index += 3
            } else {
                escape(byte)
                index += 1
            }
            start = index
        }
        put(UnsafeBufferPointer(rebasing: utf8[start...]))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: put("\\\"")
        case 0x5C: put("\\\\")
        case 0x0A: put("\\n")
        case 0x0D: put("\\r")
        case 0x09: put("\\t")
        default:
            put("\\u00")
            put(Self.hexDigit(byte >> 4))
            put(Self.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x57 + value
    }
}

enum JSONEscapes {
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x22 && byte != 0x5C && byte != 0x3C && byte != 0x3E && byte != 0x26
    }
}
