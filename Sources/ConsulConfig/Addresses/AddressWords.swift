/// The words of a call.
enum AddressWords {
    enum Word: Hashable {
        case name(String)
        /// A text in double quotes or backquotes.
        case text(String)
        case pipe, open, close

        /// The argument of a function; numbers are names here.
        var argument: String? {
            switch self {
            case .name(let text), .text(let text): text
            default: nil
            }
        }
    }

    static func split(_ call: String) throws(AddressTemplate.Problem) -> [Word] {
        var words: [Word] = []
        var rest = call[...]
        while let character = rest.first {
            switch character {
            case "|", "(", ")":
                words.append(character == "|" ? .pipe : character == "(" ? .open : .close)
                rest = rest.dropFirst()
            case "\"", "`":
                rest = rest.dropFirst()
                var text = ""
                while let next = rest.first, next != character {
                    rest = rest.dropFirst()
                    if next == "\\", character == "\"", let escaped = rest.first {
                        // A regular expression keeps its backslash: `\\.` and `\.` are the same.
                        if escaped != "\"", escaped != "\\" { text.append("\\") }
                        text.append(escaped)
                        rest = rest.dropFirst()
                    } else {
                        text.append(next)
                    }
                }
                guard !rest.isEmpty else {
                    throw AddressTemplate.Problem(
                        message: "a quote of the template {{\(call)}} is never closed")
                }
                rest = rest.dropFirst()
                words.append(.text(text))
            case _ where character.isWhitespace: rest = rest.dropFirst()
            default:
                let name = rest.prefix { !$0.isWhitespace && !"|()\"`".contains($0) }
                words.append(.name(String(name)))
                rest = rest.dropFirst(name.count)
            }
        }
        return words
    }
}
