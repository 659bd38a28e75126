/// Hides secrets in everything that is shown: logs, outputs of checks and handlers, error messages,
/// the configuration, answers of the API.
///
/// A URL keeps its user name, as in Go: `http://u:***@host/`. Values of fields, headers and query
/// parameters with a name such as `token` are hidden, however the name is escaped.
public enum Redaction {
    /// The substitute of a value in a query or a text.
    public static let mark = "<hidden>"
    /// The substitute of a field's value in JSON.
    public static let fieldMark = "hidden"

    private static let secretWords = [
        "token", "secret", "password", "passwd", "authorization", "apikey", "accesskey",
        "privatekey", "encrypt",
    ]

    /// Returns true for the name of a field, header or parameter that carries a secret. Case, `_`
    /// and `-` do not count.
    public static func isSecret(_ name: String) -> Bool {
        let plain = String(
            decoding: name.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
                .map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
        return secretWords.contains { plain.utf8.contains($0.utf8) }
    }

    /// Returns a request target or a URL without its secrets.
    public static func url(_ url: String) -> String {
        let bytes = Array(url.utf8)
        return String(decoding: hidingQuery(hidingPassword(bytes[...])[...]), as: UTF8.self)
    }

    /// Returns a text without the passwords and tokens of the URLs in it, and without the values of
    /// `password=…`, `X-Consul-Token: …` and the like.
    public static func text(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let marks: [UInt8] = [UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "@")]
        guard bytes.contains(where: { marks.contains($0) }) else { return text }
        var out: [UInt8] = []
        // The value behind a colon may contain blanks: `Authorization: Bearer …`.
        var hidesLine = false
        for part in pieces(bytes) {
            if isEnd(part.first) {
                if part.first != 0x20 { hidesLine = false }
                if !hidesLine { out += part }
                continue
            }
            if hidesLine { continue }
            let word = hidingQuery(hidingPassword(part)[...])
            guard let separator = word.firstIndex(where: { $0 == marks[0] || $0 == marks[1] }),
                !word.contains(UInt8(ascii: "?")), !isScheme(word, separator),
                isSecret(String(decoding: word[..<separator], as: UTF8.self))
            else {
                out += word
                continue
            }
            out += word[...separator]
            hidesLine = word[separator] == marks[0] && separator == word.endIndex - 1
            if hidesLine { out.append(0x20) }
            out += mark.utf8
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Words and, one by one, the blanks, quotes and line ends between them.
    private static func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        for (position, byte) in bytes.enumerated() where isEnd(byte) {
            if start < position { pieces.append(bytes[start..<position]) }
            pieces.append(bytes[position...position])
            start = position + 1
        }
        if start < bytes.count { pieces.append(bytes[start...]) }
        return pieces
    }

    private static func isEnd(_ byte: UInt8?) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
    }

    private static func isScheme(_ word: [UInt8], _ colon: Int) -> Bool {
        word[colon...].starts(with: "://".utf8)
    }

    /// Redacts `scheme://user:password@host`; the scheme may be missing.
    private static func hidingPassword(_ url: ArraySlice<UInt8>) -> [UInt8] {
        let scheme = Array("://".utf8)
        var start = url.startIndex
        var position = url.startIndex
        while position + scheme.count <= url.endIndex {
            if url[position..<(position + scheme.count)].elementsEqual(scheme) {
                start = position + scheme.count
                break
            }
            position += 1
        }
        let authority = url[start...].prefix {
            $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
        }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
            let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
        else { return Array(url) }
        return Array(url[...colon]) + Array("***".utf8) + Array(url[at...])
    }

    /// Redacts `?name=value&…`, also with `;` instead of `&`, and the same behind `#`.
    private static func hidingQuery(_ url: ArraySlice<UInt8>) -> [UInt8] {
        let marks = [UInt8(ascii: "?"), UInt8(ascii: "#")]
        guard let query = url.firstIndex(where: { marks.contains($0) }) else { return Array(url) }
        var out = Array(url[...query])
        var rest = url[(query + 1)...]
        while true {
            var pair = rest.prefix { $0 != UInt8(ascii: "&") && $0 != UInt8(ascii: ";") }
            if let equals = pair.firstIndex(of: UInt8(ascii: "=")),
                isSecret(unescaped(pair[..<equals]))
            {
                out += pair[...equals]
                out += mark.utf8
            } else {
                // A secret may itself contain `#`, and is hidden with it.
                pair = pair.prefix { $0 != UInt8(ascii: "#") }
                out += pair
            }
            guard pair.endIndex < rest.endIndex else { return out }
            out.append(rest[pair.endIndex])
            rest = rest[(pair.endIndex + 1)...]
        }
    }

    private static func unescaped(_ name: ArraySlice<UInt8>) -> String {
        var out: [UInt8] = []
        var rest = name
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2,
                let value = UInt8(digits, radix: 16)
            {
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension Collection where Element: Equatable {
    /// Returns true when `part` occurs in the collection.
    fileprivate func contains(_ part: some Collection<Element>) -> Bool {
        var rest = self[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
