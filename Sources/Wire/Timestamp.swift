/// A calendar time as Consul's records hold it: RFC 3339 in JSON, Go's 15 bytes in MessagePack.
/// Always UTC here; other offsets are converted when read.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 0001-01-01T00:00:00Z, so that Go's zero time is zero here.
    public var seconds: Int64
    /// 0 to 999,999,999.
    public var nanoseconds: Int32

    public init(seconds: Int64 = 0, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Seconds from year 1 to 1970.
    static let unixEpoch: Int64 = 62_135_596_800

    public init(unixSeconds: Int64, nanoseconds: Int32 = 0) {
        self.init(seconds: unixSeconds &+ Self.unixEpoch, nanoseconds: nanoseconds)
    }

    public var unixSeconds: Int64 { seconds &- Self.unixEpoch }

    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }

    // MARK: Text

    /// Years start in March here, so that the leap day is the last of its year.
    private static func days(toYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month > 2 ? year : year - 1
        let month = month > 2 ? month - 3 : month + 9
        return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 307
    }

    public var description: String {
        let days = seconds >= 0 ? seconds / 86_400 : -(-(seconds + 1) / 86_400) - 1
        let second = seconds &- days &* 86_400
        // 400 years have 146,097 days: an estimate that is off by one year at most, then the exact
        // year.
        var year = days / 146_097 * 400 + days % 146_097 * 400 / 146_097 + 1
        while Self.days(toYear: year, month: 1, day: 1) > days { year -= 1 }
        while Self.days(toYear: year + 1, month: 1, day: 1) <= days { year += 1 }
        var month: Int64 = 1
        while month < 12, Self.days(toYear: year, month: month + 1, day: 1) <= days { month += 1 }
        let day = days - Self.days(toYear: year, month: month, day: 1) + 1
        func padded(_ value: Int64, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        var fraction = ""
        if nanoseconds > 0 {
            fraction = padded(Int64(nanoseconds), 9)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            fraction = "." + fraction
        }
        let clock = [second / 3_600, second / 60 % 60, second % 60].map { padded($0, 2) }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
            + "T\(clock.joined(separator: ":"))\(fraction)Z"
    }

    /// Parses RFC 3339; returns nil for anything else.
    public init?(_ text: some StringProtocol) {
        var rest = Array(text.utf8)[...]
        func number(_ count: Int, _ range: ClosedRange<Int64>) -> Int64? {
            guard rest.count >= count else { return nil }
            var value: Int64 = 0
            for byte in rest.prefix(count) {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            rest = rest.dropFirst(count)
            return range.contains(value) ? value : nil
        }
        func mark(_ byte: Character) -> Bool { rest.popFirst() == byte.asciiValue }
        guard let year = number(4, 1...9_999), mark("-"), let month = number(2, 1...12), mark("-"),
            let day = number(2, 1...31), mark("T"), let hour = number(2, 0...23), mark(":"),
            let minute = number(2, 0...59), mark(":"), let second = number(2, 0...59)
        else { return nil }
        let days = Self.days(toYear: year, month: month, day: day)
        let next = month == 12 ? (year + 1, Int64(1)) : (year, month + 1)
        guard days < Self.days(toYear: next.0, month: next.1, day: 1) else { return nil }
        seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        nanoseconds = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard !digits.isEmpty else { return nil }
            var unit: Int32 = 100_000_000
            for digit in digits.prefix(9) {
                nanoseconds += Int32(digit - 0x30) * unit
                unit /= 10
            }
            rest = rest.dropFirst(digits.count)
        }
        if rest.first == UInt8(ascii: "Z") {
            rest.removeFirst()
        } else {
            let sign = rest.popFirst()
            guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
                let hours = number(2, 0...23), mark(":"), let minutes = number(2, 0...59)
            else { return nil }
            seconds += (sign == UInt8(ascii: "+") ? -1 : 1) * (hours * 3_600 + minutes * 60)
        }
        if !rest.isEmpty { return nil }
    }
}

/// A text that is not a time.
public struct NoTimestamp: Error, Hashable, Sendable, CustomStringConvertible {
    public var text: String
    public init(text: String) { self.text = text }
    public var description: String { "\"\(text)\" is no time such as 2026-11-21T12:04:39Z" }
}

extension Timestamp: WireValue {
    @inlinable public init() { self.init(seconds: 0) }
    /// Go's `omitempty` does not reach structs.
    @inlinable public var isWireEmpty: Bool { false }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) { encoder.timestamp(self) }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? Timestamp() : decoder.timestamp()
    }
}

extension WireEncoder {
    @inlinable public mutating func timestamp(_ value: Timestamp) { string(value.description) }
}

extension WireDecoder {
    @inlinable public mutating func timestamp() throws -> Timestamp {
        let text = try string()
        guard let value = Timestamp(text) else { throw NoTimestamp(text: text) }
        return value
    }
}
