/// A file of the configuration, read by the caller.
package struct Fragment: Sendable {
    package var path: String
    package var bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

extension Fragment {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The first byte of the text that is not white space; nil for an empty file.
    private var firstByte: UInt8? {
        let start = bytes.starts(with: Self.byteOrderMark) ? 3 : 0
        return bytes[start...].first { $0 > 0x20 }
    }

    var isEmpty: Bool { firstByte == nil }
    /// HCL begins with a brace only where it is JSON.
    var isJSONText: Bool { firstByte == UInt8(ascii: "{") }
}

/// The format of a fragment.
package enum FragmentFormat: String, Sendable {
    case json, yaml, hcl

    /// Returns the format by the extension; nil for an unknown one.
    package init?(path: String) {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        switch name[name.index(after: dot)...] {
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        case "hcl": self = .hcl
        default: return nil
        }
    }
}

enum FragmentParser {
    /// The tree of a fragment, and its faults. A fragment with faults has a tree too where the rest
    /// of the file was readable.
    static func parse(_ fragment: Fragment, as format: FragmentFormat) -> (
        root: SourceNode?, errors: [ConfigError]
    ) {
        let whole = SourcePosition(file: fragment.path)
        guard format != .hcl || fragment.isJSONText else {
            let message = "HCL is not read yet: write this fragment as JSON or YAML"
            return (nil, [ConfigError(whole, path: "", message)])
        }
        guard fragment.bytes.count <= Limits.fileBytesMax else {
            let message =
                "\(fragment.bytes.count) bytes are more than the \(Limits.fileBytesMax) that one "
                + "file may have: split it"
            return (nil, [ConfigError(whole, path: "", message)])
        }
        var bytes = fragment.bytes
        var encoding: [ConfigError] = []
        if let offset = firstInvalidByte(bytes) {
            var cursor = PlaceCursor(bytes, file: fragment.path)
            let message = "this is not UTF-8: save the file in that encoding"
            encoding = [
                ConfigError(cursor.position(of: offset), path: "", message, isTolerated: true)
            ]
            // HashiCorp's agent replaces such a byte by U+FFFD.
            bytes = Array(String(decoding: bytes, as: UTF8.self).utf8)
        }
        let (root, errors) =
            format == .yaml
            ? YAMLFragment.parse(bytes, file: fragment.path)
            : JSONFragment.parse(bytes, file: fragment.path)
        return (root, encoding + errors)
    }

    private static func firstInvalidByte(_ bytes: [UInt8]) -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var offset = 0
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return offset
            }
        }
    }
}
