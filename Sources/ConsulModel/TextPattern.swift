/// A regular expression from a client, in RE2's syntax. Parsing takes a bounded stack, and matching
/// takes time proportional to the text, whatever the expression.
public struct TextPattern: Sendable {
    /// The reason why a text is invalid, in RE2's words: ``missing closing ): `(` ``.
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        public let reason: String
        public var description: String { "error parsing regexp: \(reason)" }
    }

    /// The longest text in bytes that can match.
    public static let subjectBytesMax = FilterLimits.subjectBytesMax

    private let pattern: FilterPattern

    public init(_ text: String) throws(Fault) {
        var parser = FilterPatternParser(text)
        do throws(FilterPatternParser.Fault) {
            pattern = FilterPattern(steps: try parser.parse())
        } catch {
            throw Fault(reason: error.reason)
        }
    }

    /// Returns true when the expression matches somewhere in `text`, and false for a text of more
    /// than 16 KiB.
    public func matches(_ text: String) -> Bool { pattern.matches(text) }
}
