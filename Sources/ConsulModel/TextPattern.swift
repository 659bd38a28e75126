/// A regular expression that comes from a client, in RE2's syntax. Reading it takes a bounded
/// stack, matching it time proportional to the text, whatever the expression.
public struct TextPattern: Sendable {
    /// Why a text is no expression, in RE2's words: ``missing closing ): `(` ``.
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        public let reason: String
        public var description: String { "error parsing regexp: \(reason)" }
    }

    /// Bytes of a text that can match; a longer one never does.
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

    /// True when the expression matches somewhere in `text`. A text of more than 16 KiB is matched
    /// by none.
    public func matches(_ text: String) -> Bool { pattern.matches(text) }
}
