/// The meaning of a YAML scalar in the core schema of YAML 1.2: `yes`, `no`, `on` and `off` are
/// strings, `012` is twelve, `0o14` and `0xC` too.
enum YAMLScalar {
    static func content(
        _ text: String, isPlain: Bool, tag: String?, at place: SourcePlace
    ) throws(ConfigError) -> SourceNode.Content {
        guard let tag, !(tag == "!" && !isPlain) else {
            return isPlain ? plain(text) : .string(text)
        }
        let content: SourceNode.Content? =
            switch tag {
            case "tag:yaml.org,2002:str", "!": .string(text)
            case "tag:yaml.org,2002:null": isNull(text) ? .null : nil
            case "tag:yaml.org,2002:bool": bool(text).map { .bool($0) }
            case "tag:yaml.org,2002:int": isInteger(text) ? .number(text) : nil
            case "tag:yaml.org,2002:float":
                isInteger(text) || isFloat(text) ? .number(text) : nil
            default:
                throw ConfigError(place, path: "", "the tag \(tag) is not known: remove it")
            }
        guard let content else {
            throw ConfigError(place, path: "", "\(quoted(text)) is not what its tag \(tag) says")
        }
        return content
    }

    private static func plain(_ text: String) -> SourceNode.Content {
        if isNull(text) { return .null }
        if let value = bool(text) { return .bool(value) }
        return isInteger(text) || isFloat(text) ? .number(text) : .string(text)
    }

    private static func isNull(_ text: String) -> Bool {
        ["", "~", "null", "Null", "NULL"].contains(text)
    }

    private static func bool(_ text: String) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    private static func digits(_ bytes: Substring.UTF8View) -> Int {
        bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
    }

    private static func unsigned(_ text: String) -> Substring.UTF8View {
        let bytes = text[...].utf8
        let isSigned = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+")
        return isSigned ? bytes.dropFirst() : bytes
    }

    private static func isInteger(_ text: String) -> Bool {
        if text.hasPrefix("0o") {
            return text.utf8.count > 2 && text.utf8.dropFirst(2).allSatisfy { $0 & 0xF8 == 0x30 }
        }
        if text.hasPrefix("0x") {
            return text.utf8.count > 2
                && text.dropFirst(2).utf8.allSatisfy {
                    $0 >= 0x30 && $0 <= 0x39 || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66
                }
        }
        let bytes = unsigned(text)
        return !bytes.isEmpty && digits(bytes) == bytes.count
    }

    private static func isFloat(_ text: String) -> Bool {
        if [".nan", ".NaN", ".NAN"].contains(text) { return true }
        var bytes = unsigned(text)
        if [".inf", ".Inf", ".INF"].contains(where: { bytes.elementsEqual($0.utf8) }) {
            return true
        }
        let whole = digits(bytes)
        bytes = bytes.dropFirst(whole)
        var fraction = 0
        if bytes.first == UInt8(ascii: ".") {
            bytes = bytes.dropFirst()
            fraction = digits(bytes)
            bytes = bytes.dropFirst(fraction)
        }
        guard whole + fraction > 0 else { return false }
        guard let exponent = bytes.first else { return true }
        guard exponent | 0x20 == UInt8(ascii: "e") else { return false }
        bytes = bytes.dropFirst()
        if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") {
            bytes = bytes.dropFirst()
        }
        return !bytes.isEmpty && digits(bytes) == bytes.count
    }
}

/// Returns the value of a `.number`'s text, in JSON's and in YAML's forms.
enum SourceNumber {
    static func integer(_ text: String) -> Int64? {
        if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8) }
        if let value = Int64(text) { return value }
        return double(text).flatMap { Int64(exactly: $0) }
    }

    static func unsigned(_ text: String) -> UInt64? {
        if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return UInt64(text.dropFirst(2), radix: 8) }
        if let value = UInt64(text) { return value }
        return double(text).flatMap { UInt64(exactly: $0) }
    }

    static func double(_ text: String) -> Double? {
        if text.hasPrefix("0"), let value = integerOfBase(text) { return Double(value) }
        switch text.lowercased() {
        case ".inf", "+.inf": return .infinity
        case "-.inf": return -.infinity
        case ".nan": return .nan
        default: return Double(text)
        }
    }

    private static func integerOfBase(_ text: String) -> Int64? {
        text.hasPrefix("0x") || text.hasPrefix("0o") ? integer(text) : nil
    }
}
