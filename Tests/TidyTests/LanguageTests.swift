import Testing

/// Checks that comments and pages are plain technical English: sentences name their subject first,
/// and words have their usual technical meaning.
@Suite struct LanguageTests {
    /// Openings that hide the subject of a sentence.
    private static let openings: Set<String> = [
        "What", "Who", "Whoever", "Whom", "Whose", "Of", "Apart", "Told", "Those", "Whatever",
    ]

    /// Words with a plainer one in its place.
    private static let words: Set<String> = [
        "tells", "told", "stands", "stood", "lies", "bears", "bore", "somebody", "nobody",
        "anybody", "whoever", "whomever", "manieth", "mends", "mended", "lest", "hung", "befall",
        "befalls", "betimes", "thereof", "hitherto", "henceforth",
    ]

    private static let phrases = [
        "goes by", "go by", "is asked", "are asked", "was asked", "asked for", "knows of",
        "An object, ", "That which", "hangs on", "hang on", "what is", "what was", "what they",
    ]

    @Test func commentsArePlain() {
        let found = Project.swift.flatMap { file -> [String] in
            Comments.of(file).flatMap { comment in
                Self.faults(comment.text).map { "\(file.path):\(comment.line): \($0)" }
            }
        }
        #expect(found.isEmpty, "\(found.count):\n\(found.joined(separator: "\n"))")
    }

    @Test func pagesArePlain() {
        let found = Project.pages.flatMap { page -> [String] in
            var isCode = false
            return page.lines.enumerated().flatMap { index, line -> [String] in
                if line.hasPrefix("```") { isCode.toggle() }
                if isCode || line.hasPrefix("    ") { return [] }
                return Self.faults(line).map { "\(page.path):\(index + 1): \($0)" }
            }
        }
        #expect(found.isEmpty, "\(found.count):\n\(found.joined(separator: "\n"))")
    }

    @Test(arguments: [
        ("What is missing is added.", ["What", "what is"]),
        ("Returns what was read.", ["what was"]),
        ("Tells nobody.", ["nobody", "tells"]), ("Reads `told` and \"stands\".", []),
        ("Deletes expired events, then the oldest. Of two, one stays.", ["Of"]),
        ("Returns the index. The outlook understands it.", []),
        ("- Parameter name: told of it.", ["told"]), ("- Returns: Who knows.", ["Who"]),
    ])
    func refusedWordsAreFound(_ text: String, _ expected: [String]) {
        #expect(Self.faults(text).sorted() == expected.sorted())
    }

    /// Returns the refused words of a text, without those in code or in quotes.
    private static func faults(_ text: String) -> [String] {
        let plain = withoutQuotes(text)
        var found: [String] = []
        var isStart = true
        for token in plain.split(separator: " ") {
            let word = token.trimmed
            if isStart, openings.contains(word) { found.append(word) }
            if words.contains(word.lowercased()) { found.append(word.lowercased()) }
            if !word.isEmpty { isStart = false }
            if token.last.map({ ".:;?!".contains($0) }) == true { isStart = true }
        }
        let spaced = " " + plain.split(separator: " ").joined(separator: " ") + " "
        for phrase in phrases {
            let isFound =
                phrase.first?.isUppercase == true
                ? spaced.contains(phrase)
                : ["\(phrase) ", "\(phrase).", "\(phrase),"].contains {
                    spaced.lowercased().contains(" " + $0)
                }
            if isFound { found.append(phrase) }
        }
        return found
    }

    private static func withoutQuotes(_ text: String) -> String {
        var result = ""
        var closing: Character?
        for character in text {
            if let expected = closing {
                if character == expected { closing = nil }
            } else if character == "`" || character == "\"" {
                closing = character
                result.append("_")
            } else {
                result.append(character)
            }
        }
        return result
    }
}

extension Substring {
    /// The token without punctuation at its ends.
    fileprivate var trimmed: String {
        var rest = self
        while let first = rest.first, !first.isLetter { rest = rest.dropFirst() }
        while let last = rest.last, !last.isLetter { rest = rest.dropLast() }
        return String(rest)
    }
}

/// Finds the comments of a source file, joining the lines of each.
private enum Comments {
    struct Comment {
        var line: Int
        var text: String
    }

    static func of(_ file: SourceFile) -> [Comment] {
        var found: [Comment] = []
        var isOpen = false
        var isText = false
        for (index, line) in file.lines.enumerated() {
            if line.components(of: "\"\"\"") % 2 == 1 { isText.toggle() }
            let body = line.drop { $0 == " " }
            guard !isText, body.hasPrefix("//") else {
                isOpen = false
                continue
            }
            let text = body.drop { $0 == "/" }
            // Samples of code are indented, and a blank line ends a paragraph.
            guard !text.hasPrefix("     "), !text.allSatisfy({ $0 == " " }) else {
                isOpen = false
                continue
            }
            if isOpen, !text.hasPrefix(" - "), !text.hasPrefix("   - ") {
                found[found.count - 1].text += text
            } else {
                found.append(Comment(line: index + 1, text: String(text)))
            }
            isOpen = true
        }
        return found
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
