/// A span of time in nanoseconds, read and printed in Go's syntax: `1h2m3s`, `250ms`, `1.5s`,
/// `-4us`.
///
/// Consul's HTTP API, its configuration files and its flags all use this form.
public struct GoDuration: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64 = 0) { self.nanoseconds = nanoseconds }

    public static let zero = GoDuration()
    public static func nanoseconds(_ n: Int64) -> GoDuration { GoDuration(nanoseconds: n) }
    public static func milliseconds(_ n: Int64) -> GoDuration {
        GoDuration(nanoseconds: n * 1_000_000)
    }
    public static func seconds(_ n: Int64) -> GoDuration {
        GoDuration(nanoseconds: n * 1_000_000_000)
    }
    public static func minutes(_ n: Int64) -> GoDuration { .seconds(n * 60) }
    public static func hours(_ n: Int64) -> GoDuration { .seconds(n * 3600) }

    public var milliseconds: Int64 { nanoseconds / 1_000_000 }
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    public static func < (a: GoDuration, b: GoDuration) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func + (a: GoDuration, b: GoDuration) -> GoDuration {
        GoDuration(nanoseconds: a.nanoseconds &+ b.nanoseconds)
    }
    public static func - (a: GoDuration, b: GoDuration) -> GoDuration {
        GoDuration(nanoseconds: a.nanoseconds &- b.nanoseconds)
    }
    public static func * (a: GoDuration, factor: Int64) -> GoDuration {
        let (product, overflow) = a.nanoseconds.multipliedReportingOverflow(by: factor)
        return GoDuration(nanoseconds: overflow ? .max : product)
    }
    public static func / (a: GoDuration, divisor: Int64) -> GoDuration {
        GoDuration(nanoseconds: a.nanoseconds / divisor)
    }

    // MARK: Parsing

    /// Parses Go's `time.ParseDuration` syntax; returns nil for anything else, or beyond 64 bits.
    /// Rejects a bare number except `0`, as Go does.
    public init?(_ text: some StringProtocol) {
        guard let duration = try? Self(parsing: String(text)) else { return nil }
        self = duration
    }

    /// Parses the same syntax, and throws the reason for a text that it rejects.
    public init(parsing text: String) throws(GoDurationError) {
        var bytes = Array(text.utf8)[...]
        var negative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        if bytes.elementsEqual("0".utf8) {
            self.init()
            return
        }
        guard !bytes.isEmpty else { throw .invalid(text) }
        var total: Int64 = 0
        while !bytes.isEmpty {
            let (sum, overflow) = total.addingReportingOverflow(try Self.readTerm(&bytes, of: text))
            guard !overflow else { throw .invalid(text) }
            total = sum
        }
        self.init(nanoseconds: negative ? -total : total)
    }

    /// Parses one `<number><unit>`, for example `1.5h`, in nanoseconds.
    private static func readTerm(
        _ bytes: inout ArraySlice<UInt8>, of text: String
    ) throws(GoDurationError) -> Int64 {
        var whole: Int64 = 0
        var digits = 0
        while let d = bytes.first, d >= 0x30, d <= 0x39 {
            let (tens, o1) = whole.multipliedReportingOverflow(by: 10)
            let (next, o2) = tens.addingReportingOverflow(Int64(d - 0x30))
            guard !o1, !o2 else { throw .invalid(text) }
            whole = next
            digits += 1
            bytes.removeFirst()
        }
        var fraction = 0.0
        if bytes.first == UInt8(ascii: ".") {
            bytes.removeFirst()
            var scale = 0.1
            while let d = bytes.first, d >= 0x30, d <= 0x39 {
                fraction += Double(d - 0x30) * scale
                scale /= 10
                digits += 1
                bytes.removeFirst()
            }
        }
        guard digits > 0 else { throw .invalid(text) }
        let unit = try readUnit(&bytes, of: text)
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit)
        let (sum, tooLong) = scaled.addingReportingOverflow(
            Int64((fraction * Double(unit)).rounded()))
        guard !overflow, !tooLong else { throw .invalid(text) }
        return sum
    }

    private static func readUnit(
        _ bytes: inout ArraySlice<UInt8>, of text: String
    ) throws(GoDurationError) -> Int64 {
        let name = bytes.prefix { $0 != UInt8(ascii: ".") && !($0 >= 0x30 && $0 <= 0x39) }
        bytes = bytes.dropFirst(name.count)
        switch String(decoding: name, as: UTF8.self) {
        case "ns": return 1
        case "us", "µs", "μs": return 1_000
        case "ms": return 1_000_000
        case "s": return 1_000_000_000
        case "m": return 60_000_000_000
        case "h": return 3_600_000_000_000
        case "": throw .missingUnit(text)
        case let unit: throw .unknownUnit(unit, text)
        }
    }

    // MARK: Printing

    /// Prints like Go's `Duration.String`: `0s`, `250ms`, `1.5s`, `10m0s`, `1h2m3s`.
    public var description: String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let total = nanoseconds.magnitude
        if total < 1_000 { return "\(sign)\(total)ns" }
        if total < 1_000_000 { return sign + Self.decimal(total, 1_000) + "µs" }
        if total < 1_000_000_000 { return sign + Self.decimal(total, 1_000_000) + "ms" }
        let minutes = total / 60_000_000_000
        let seconds = Self.decimal(total % 60_000_000_000, 1_000_000_000) + "s"
        if minutes == 0 { return sign + seconds }
        if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
        return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
        var fraction = value % unit
        guard fraction != 0 else { return String(value / unit) }
        var digits = ""
        var position = unit / 10
        while fraction > 0 {
            digits.append(Character(Unicode.Scalar(UInt8(0x30 + fraction / position))))
            fraction %= position
            position /= 10
        }
        return "\(value / unit).\(digits)"
    }
}

/// The reason why a text is not a duration, in Go's words.
public enum GoDurationError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalid(String)
    case missingUnit(String)
    case unknownUnit(String, String)

    public var description: String {
        switch self {
        case .invalid(let text): "time: invalid duration \"\(text)\""
        case .missingUnit(let text): "time: missing unit in duration \"\(text)\""
        case .unknownUnit(let unit, let text):
            "time: unknown unit \"\(unit)\" in duration \"\(text)\""
        }
    }
}
