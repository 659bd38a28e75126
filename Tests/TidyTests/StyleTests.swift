import Testing

/// The limits of the project's style, checked on its source.
@Suite struct StyleTests {
    private func faults(_ check: (SourceFile) -> [String]) -> [String] {
        Project.swift.flatMap(check)
    }

    @Test func sourceIsFound() {
        #expect(Project.swift.count > 100)
    }

    @Test func linesHoldAHundredColumns() {
        let long = faults { file in
            file.lines.enumerated().filter { $0.element.count > 100 }
                .map { "\(file.path):\($0.offset + 1) has \($0.element.count)" }
        }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }

    @Test func filesHoldSixHundredLines() {
        let long = faults { $0.lines.count > 600 ? ["\($0.path): \($0.lines.count)"] : [] }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }

    @Test func functionsHoldSeventyLines() {
        let long = faults { file in
            FunctionLengths.of(file.lines).filter { $0.length > 70 }
                .map { "\(file.path):\($0.line) has \($0.length) lines" }
        }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }

    @Test func noMarksAreLeftOver() {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "fatalError" + "()", "try" + "! "]
        let found = faults { file in
            file.lines.enumerated().filter { _, line in
                // The six letters of mkdtemp(3) are no mark.
                !line.contains(String(repeating: "X", count: 6))
                    && marks.contains { line.contains($0) }
            }.map { "\(file.path):\($0.offset + 1): \($0.element)" }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }
}

/// Finds functions by their indentation, as the formatter sets it.
enum FunctionLengths {
    static func of(_ lines: [String]) -> [(line: Int, length: Int)] {
        var found: [(line: Int, length: Int)] = []
        for (start, text) in lines.enumerated() {
            let body = text.drop { $0 == " " }
            guard body.contains("func "), !body.hasPrefix("//"), !body.hasPrefix("\"") else {
                continue
            }
            // A requirement of a protocol has no body.
            guard opensBody(lines[start...].prefix(8)) else { continue }
            let closing = text.prefix { $0 == " " } + "}"
            guard let end = lines[start...].firstIndex(where: { $0 == closing }) else { continue }
            found.append((start + 1, end - start))
        }
        return found
    }

    private static func opensBody(_ lines: ArraySlice<String>) -> Bool {
        if let first = lines.first, first.hasSuffix("}"), first.contains("{") { return false }
        for (offset, line) in lines.enumerated() {
            if line.hasSuffix("{") { return true }
            if line.hasSuffix("}") { return line.contains("{") }
            if line.isEmpty || (offset > 0 && line.contains("func ")) { return false }
        }
        return false
    }
}
