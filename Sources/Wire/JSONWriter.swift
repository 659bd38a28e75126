public import Primitives

/// Writes JSON as Go's `encoding/json` does: the same escapes (`<`, `>` and `&` among them), maps
/// in byte order of their keys, and, if asked, an indent of four spaces.
public struct JSONWriter: WireEncoder, FieldVisitor, Sendable {
    public private(set) var output: [UInt8] = []

    /// Who reads the text decides over fields ruled `omitEmptyInAnswers`.
    public enum Audience: Sendable { case httpAnswer, client }

    @usableFromInline let pretty: Bool
    @usableFromInline let audience: Audience
    private let usesTabs: Bool
    private var depth = 0
    private var containerIsEmpty = true
    private var afterKey = false

    /// - Parameter usesTabs: indent by tabs instead of four spaces, as `consul kv export` does.
    public init(
        pretty: Bool = false, audience: Audience = .httpAnswer, capacity: Int = 256,
        usesTabs: Bool = false
    ) {
        self.pretty = pretty
        self.usesTabs = usesTabs
        self.audience = audience
        output.reserveCapacity(capacity)
    }

    public static func encode(
        _ value: some WireValue, pretty: Bool = false, audience: Audience = .httpAnswer
    ) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty, audience: audience)
        value.encode(to: &writer)
        return writer.output
    }

    // MARK: Structure

    /// The comma, line break and indent that go before the next value or key.
    private mutating func separate() {
        if afterKey {
            afterKey = false
            return
        }
        guard depth > 0 else { return }
        if !containerIsEmpty { output.append(UInt8(ascii: ",")) }
        containerIsEmpty = false
        newLine()
    }

    private mutating func newLine() {
        guard pretty else { return }
        output.append(0x0A)
        let count = usesTabs ? depth : depth * 4
        for _ in 0..<count { output.append(usesTabs ? 0x09 : 0x20) }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        output.append(bracket)
        depth += 1
        containerIsEmpty = true
    }

    private mutating func close(_ bracket: UInt8) {
        depth -= 1
        if !containerIsEmpty { newLine() }
        containerIsEmpty = false
        output.append(bracket)
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
        output.append(UInt8(ascii: ":"))
        if pretty { output.append(0x20) }
        afterKey = true
    }

    @usableFromInline mutating func key(_ name: StaticString) {
        separate()
        output.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { output.append(contentsOf: $0) }
        output.append(UInt8(ascii: "\""))
        afterColon()
    }

    // MARK: Records

    @inlinable
    public mutating func record<R: Record>(_ value: R) {
        beginMap(count: 0)
        var value = value
        do { try value.fields(&self) } catch { preconditionFailure("writing threw \(error)") }
        endMap()
    }

    @inlinable
    public mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        if rule.rawValue != 0 {
            if rule.contains(.inputOnly) { return }
            if value.isWireEmpty {
                if rule.contains(.omitEmpty) { return }
                if rule.contains(.omitEmptyInAnswers), audience == .httpAnswer { return }
                if rule.contains(.nullWhenEmpty) {
                    key(name)
                    null()
                    return
                }
            }
        }
        key(name)
        value.encode(to: &self)
    }

    // MARK: Scalars

    public mutating func null() {
        separate()
        append("null")
    }

    public mutating func bool(_ value: Bool) {
        separate()
        append(value ? "true" : "false")
    }

    public mutating func integer(_ value: Int64) {
        separate()
        if value < 0 { output.append(UInt8(ascii: "-")) }
        digits(value.magnitude)
    }

    public mutating func unsigned(_ value: UInt64) {
        separate()
        digits(value)
    }

    /// Whole numbers without a fraction, as Go prints a float64; what JSON cannot say is null.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        if value == value.rounded(), value.magnitude < 1e15 { return integer(Int64(value)) }
        separate()
        output.append(contentsOf: "\(value)".utf8)
    }

    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    public mutating func bytes(_ value: Bytes) {
        separate()
        output.append(UInt8(ascii: "\""))
        Base64.append(value.array, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    public mutating func duration(_ value: GoDuration) { string(value.description) }

    /// Text that is JSON already, taken as it is.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        output.append(contentsOf: json)
    }

    private mutating func digits(_ value: UInt64) {
        var value = value
        let start = output.count
        repeat {
            output.append(UInt8(0x30 + value % 10))
            value /= 10
        } while value > 0
        output[start...].reverse()
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { output.append(contentsOf: $0) }
    }

    private mutating func quote(_ text: String) {
        var text = text
        output.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
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
                output.append(contentsOf: utf8[start..<index])
                if isLineSeparator {
                    append(utf8[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
                    index += 3
                } else {
                    JSONEscapes.append(byte, to: &output)
                    index += 1
                }
                start = index
            }
            output.append(contentsOf: utf8[start...])
        }
        output.append(UInt8(ascii: "\""))
    }
}

enum JSONEscapes {
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x22 && byte != 0x5C && byte != 0x3C && byte != 0x3E && byte != 0x26
    }

    static func append(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: output.append(byte)
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0x09: output.append(UInt8(ascii: "t"))
        default:
            let hex = Array("0123456789abcdef".utf8)
            output.append(contentsOf: "u00".utf8)
            output.append(hex[Int(byte >> 4)])
            output.append(hex[Int(byte & 15)])
        }
    }
}
