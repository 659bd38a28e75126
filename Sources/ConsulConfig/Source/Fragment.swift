/// A file of the configuration as the caller read it.
package struct Fragment: Sendable {
    package var path: String
    package var bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// How a fragment is written.
package enum FragmentFormat: String, Sendable {
    case json, yaml, hcl

    /// By the extension; nil when it says nothing.
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
    /// The tree of a fragment, with what was wrong in it. A tree is given even beside errors where
    /// the rest of the file could be understood.
    static func parse(_ fragment: Fragment, as format: FragmentFormat) -> (
        root: SourceNode?, errors: [ConfigError]
    ) {
        let whole = SourcePlace(file: fragment.path)
        guard format != .hcl else {
            let message = "HCL is not read yet: write this fragment as JSON or YAML"
            return (nil, [ConfigError(whole, path: "", message)])
        }
        guard fragment.bytes.count <= Limits.fileBytesMax else {
            let message =
                "\(fragment.bytes.count) bytes are more than the \(Limits.fileBytesMax) that one "
                + "file may have: split it"
            return (nil, [ConfigError(whole, path: "", message)])
        }
        if let offset = firstInvalidByte(fragment.bytes) {
            var cursor = PlaceCursor(fragment.bytes, file: fragment.path)
            let message = "this is not UTF-8: save the file in that encoding"
            return (nil, [ConfigError(cursor.place(of: offset), path: "", message)])
        }
        return format == .json
            ? JSONFragment.parse(fragment.bytes, file: fragment.path)
            : YAMLFragment.parse(fragment.bytes, file: fragment.path)
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
