import CLibYAML

/// Rephrases a fault that libyaml found, naming the remedy. Keeps libyaml's words where they are
/// clear enough.
enum YAMLProblem {
    static func explain(_ parser: yaml_parser_t, bytes: [UInt8], file: String) -> ConfigError {
        let mark = parser.problem_mark
        let position = SourcePosition(
            file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
        let problem = parser.problem.map { String(cString: $0) } ?? "unreadable"
        if parser.error == YAML_READER_ERROR {
            var cursor = PlaceCursor(bytes, file: file)
            return ConfigError(
                cursor.position(of: Int(parser.problem_offset)), path: "",
                "\(problem): remove this character, or escape it in double quotes")
        }
        if let column = tabColumn(line: Int(mark.line), before: Int(mark.column), bytes) {
            let position = SourcePosition(file: file, line: position.line, column: column + 1)
            return ConfigError(position, path: "", "a tab in the indentation: use spaces")
        }
        if problem.contains("invalid Unicode character escape") {
            return ConfigError(
                position, path: "",
                "half of a surrogate pair: YAML writes such a character whole, "
                    + "\\U0001F600 instead of \\uD83D\\uDE00")
        }
        let end = end(of: bytes, file: file)
        let isAtEnd = (position.line, position.column) >= (end.line, end.column)
        return ConfigError(
            isAtEnd ? end : position, path: "", message(problem, parser, isAtEnd: isAtEnd))
    }

    /// The position after the last text; libyaml names a line that does not exist.
    static func end(of bytes: [UInt8], file: String) -> SourcePosition {
        var cursor = PlaceCursor(bytes, file: file)
        return cursor.position(of: bytes.count - bytes.reversed().prefix { $0 <= 0x20 }.count)
    }

    private static func message(
        _ problem: String, _ parser: yaml_parser_t, isAtEnd: Bool
    ) -> String {
        let context = parser.context.map { String(cString: $0) } ?? ""
        let start = parser.context_mark
        var text = problem
        switch problem {
        case "could not find expected ':'":
            text = "expected ':' behind the key"
        case "mapping values are not allowed in this context":
            text =
                "a second ':' in this line, or a wrong indentation: quote the text, "
                + "or indent the key as its neighbours"
        case "did not find expected key", "did not find expected '-' indicator":
            text = problem + " (wrong indentation?)"
        case "found unexpected end of stream":
            text = "the file ends in the middle of a value (half written?)"
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            if isAtEnd { text = "the file ends in the middle of a value (half written?)" }
        case "found character that cannot start any token":
            return "a text cannot begin with this character: put it in quotes"
        default: break
        }
        guard !context.isEmpty else { return text }
        return "\(text), \(context) that begins at line \(Int(start.line) + 1)"
    }

    /// Returns the column of a tab in the line's indentation.
    private static func tabColumn(line: Int, before column: Int, _ bytes: [UInt8]) -> Int? {
        var index = 0
        var current = 0
        while current < line, index < bytes.count {
            if bytes[index] == 0x0A { current += 1 }
            index += 1
        }
        var found = 0
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 {
            if bytes[index] == 0x09 { return found <= column ? found : nil }
            found += 1
            index += 1
        }
        return nil
    }
}
