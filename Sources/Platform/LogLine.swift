package import Logging
import Primitives

/// The two forms of a log line.
package enum LogForm: Sendable {
    /// `2026-11-21T02:15:00.123Z [INFO]  agent: message: key=value`
    case text
    /// `{"@level":"info","@message":"message","@module":"agent","@timestamp":"…","key":"value"}`
    case json
}

/// Formats log lines as Consul does.
enum LogLine {
    /// Bytes of a text line's time and level.
    static let headCount = 33

    static func make(
        _ form: LogForm, level: Logger.Level, module: String, message: String,
        fields: [(String, String)], unixNanoseconds: Int64
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(96 + message.utf8.count)
        switch form {
        case .text: text(&line, level, module, message, fields, unixNanoseconds)
        case .json: json(&line, level, module, message, fields, unixNanoseconds)
        }
        if line.count > Limits.logLineBytesMax { line.removeSubrange(Limits.logLineBytesMax...) }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func text(
        _ line: inout [UInt8], _ level: Logger.Level, _ module: String, _ message: String,
        _ fields: [(String, String)], _ time: Int64
    ) {
        line += SystemClock.wallBytes(unixNanoseconds: time)
        line += level.padded.utf8
        if !module.isEmpty {
            line += module.utf8
            line += ": ".utf8
        }
        appendOneLine(&line, message)
        if !fields.isEmpty { line.append(UInt8(ascii: ":")) }
        for (key, value) in fields {
            line.append(UInt8(ascii: " "))
            line += key.utf8
            line.append(UInt8(ascii: "="))
            if needsQuotes(value) { quote(&line, value) } else { line += value.utf8 }
        }
    }

    private static func json(
        _ line: inout [UInt8], _ level: Logger.Level, _ module: String, _ message: String,
        _ fields: [(String, String)], _ time: Int64
    ) {
        line += "{\"@level\":".utf8
        quote(&line, level.consulName)
        line += ",\"@message\":".utf8
        quote(&line, message)
        if !module.isEmpty {
            line += ",\"@module\":".utf8
            quote(&line, module)
        }
        line += ",\"@timestamp\":".utf8
        let wall = SystemClock.wallBytes(unixNanoseconds: time, places: 6)
        quote(&line, String(decoding: wall, as: UTF8.self))
        for (key, value) in fields {
            line.append(UInt8(ascii: ","))
            quote(&line, key)
            line.append(UInt8(ascii: ":"))
            quote(&line, value)
        }
        line.append(UInt8(ascii: "}"))
    }

    /// Appends a message with its control characters escaped: a line end would forge a line of its
    /// own, and an escape sequence would act on the terminal that shows the log. A tab stays.
    private static func appendOneLine(_ line: inout [UInt8], _ text: String) {
        guard hasControl(text.utf8, besides: UInt8(ascii: "\t")) else {
            line += text.utf8
            return
        }
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                line.append(UInt8(ascii: "\t"))
            } else if !appendEscape(&line, scalar) {
                line += String(scalar).utf8
            }
        }
    }

    /// Returns true for a value that must be quoted. An equals sign needs no quotes, as in the
    /// query of a URL: a key has none.
    private static func needsQuotes(_ value: String) -> Bool {
        value.isEmpty || hasControl(value.utf8)
            || value.utf8.contains { $0 == 0x20 || $0 == UInt8(ascii: "\"") }
    }

    /// Returns true when the text has a control character: C0, DEL, C1 (in UTF-8 0xC2 and 0x80 to
    /// 0x9F), or one of the two separators that some viewers take for a line end (U+2028, U+2029).
    private static func hasControl(
        _ text: String.UTF8View, besides allowed: UInt8? = nil
    ) -> Bool {
        var (last, beforeLast): (UInt8, UInt8) = (0, 0)
        for byte in text {
            if byte < 0x20 || byte == 0x7F, byte != allowed { return true }
            if last == 0xC2, byte < 0xA0 { return true }
            if beforeLast == 0xE2, last == 0x80, byte == 0xA8 || byte == 0xA9 { return true }
            (beforeLast, last) = (last, byte)
        }
        return false
    }

    /// Appends the escape of a control character, in the form that JSON and Go share.
    /// - Returns: false for any other character, which is not appended.
    private static func appendEscape(_ line: inout [UInt8], _ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n": line += "\\n".utf8
        case "\r": line += "\\r".utf8
        case "\t": line += "\\t".utf8
        case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
            let hex = String(scalar.value, radix: 16)
            line += "\\u\(String(repeating: "0", count: 4 - hex.utf8.count))\(hex)".utf8
        default: return false
        }
        return true
    }

    /// Appends the text in quotes, escaped so that JSON and Go read it alike.
    private static func quote(_ line: inout [UInt8], _ text: String) {
        line.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\"".utf8
            case "\\": line += "\\\\".utf8
            default: if !appendEscape(&line, scalar) { line += String(scalar).utf8 }
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}

/// A log message before its formatting. Kept for later watchers.
struct LogEntry: Sendable {
    var level: Logger.Level
    var module: String
    var message: String
    var fields: [(String, String)]
    var unixNanoseconds: Int64

    func line(_ form: LogForm) -> [UInt8] {
        LogLine.make(
            form, level: level, module: module, message: message, fields: fields,
            unixNanoseconds: unixNanoseconds)
    }
}

extension Logger.Level {
    /// Parses one of Consul's names; nil for others. `notice` and `critical` have no names there.
    package init?(consul name: String) {
        switch name.lowercased() {
        case "trace": self = .trace
        case "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warning
        case "err", "error": self = .error
        default: return nil
        }
    }

    package var consulName: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }

    fileprivate var padded: String {
        switch self {
        case .trace: " [TRACE] "
        case .debug: " [DEBUG] "
        case .info, .notice: " [INFO]  "
        case .warning: " [WARN]  "
        case .error, .critical: " [ERROR] "
        }
    }

    var rank: Int {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }

    init(rank: Int) {
        self =
            switch rank {
            case ...0: .trace
            case 1: .debug
            case 2: .info
            case 3: .notice
            case 4: .warning
            case 5: .error
            default: .critical
            }
    }
}
