import Glibc
import Platform

/// Holds the masked answers of HashiCorp Consul 1.8.7 to the lines of a script: `Golden/NAME`.
/// Every run is compared with it, so that HashiCorp's program need not be installed. If it is, its
/// answers must still be those of the file; `UPDATE_GOLDEN=1` writes them anew.
///
/// Each entry has a title, `=== LINE`, and below it the lines of the answer after a `|`.
struct GoldenFile {
    /// True if the files are to be written.
    static var isUpdated: Bool { getenv("UPDATE_GOLDEN") != nil && Program.isPeerThere }

    private let name: String
    private var entries: [(title: String, text: String)] = []
    private var next = 0

    private var path: String { "\(ScriptFile.root)Tests/InteropTests/Golden/\(name)" }

    init(_ name: String) throws {
        self.name = name
        if Self.isUpdated { return }
        let bytes = try Files.read(path, limit: 4 << 20)
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\n") {
            if line.hasPrefix("=== ") {
                entries.append((Self.unescaped(line.dropFirst(4)), ""))
            } else if let last = entries.indices.last, line.hasPrefix("|") {
                entries[last].text += Self.unescaped(line.dropFirst()) + "\n"
            }
        }
    }

    /// Returns the answer to the next line of the script.
    mutating func answer(to title: String) throws -> String {
        guard next < entries.count, entries[next].title == title else {
            throw PeerError(
                description: "Golden/\(name) does not go with its script at: \(title). "
                    + "Run the tests with UPDATE_GOLDEN=1 where Consul 1.8.7 is installed")
        }
        next += 1
        return entries[next - 1].text
    }

    mutating func add(_ title: String, _ text: String) {
        entries.append((title, Self.ended(text)))
    }

    func save() throws {
        var text = ""
        for entry in entries {
            text += "=== \(Self.escaped(entry.title))\n"
            for line in entry.text.dropLast().split(
                separator: "\n", omittingEmptySubsequences: false)
            {
                text += "|\(Self.escaped(String(line)))\n"
            }
        }
        try AtomicFile.write(path, Array(text.utf8), mode: 0o644)
    }

    /// Returns the compared form of an answer: with a line end.
    static func ended(_ text: String) -> String { text + "\n" }

    /// Escapes a text into one line of visible characters.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += #"\\"#
            case "\n": out += #"\n"#
            case "\r": out += #"\r"#
            case "\0"..<" ", "\u{7F}": out += #"\u{"# + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func unescaped(_ text: Substring) -> String {
        var out = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\", let kind = rest.popFirst() else {
                out.unicodeScalars.append(scalar)
                continue
            }
            switch kind {
            case "n": out += "\n"
            case "r": out += "\r"
            case "u":
                let digits = rest.dropFirst().prefix { $0 != "}" }
                rest = rest.dropFirst(digits.count + 2)
                let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
                if let made = value.flatMap({ Unicode.Scalar($0) }) {
                    out.unicodeScalars.append(made)
                }
            default: out.unicodeScalars.append(kind)
            }
        }
        return out
    }
}

extension RawAnswer {
    /// The form in golden files, without a compressed body: two compressors may differ in bytes.
    var golden: String {
        let isPacked = headers.contains("Content-Encoding: gzip")
        return GoldenFile.ended(
            ([status] + headers + ["", isPacked ? "" : body]).joined(separator: "\n"))
    }
}

extension CommandRun {
    /// The form in golden files. A help text is compared by its first line and its stream; Consul's
    /// sentences below it are not ours.
    var golden: String {
        let isHelp = line.mark == "help-texts"
        let shown = { (text: String) in isHelp ? String(text.prefix { !$0.isNewline }) : text }
        return GoldenFile.ended("exit \(code)\n\(shown(output))\n--\n\(shown(errorOutput))")
    }
}
