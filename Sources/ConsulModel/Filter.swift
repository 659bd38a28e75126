public import Wire

/// A record that a filter can look into.
public typealias Filterable = Record & Sendable

/// An expression of Consul's filter language, made for one type of record:
///
///     Service.Tags contains "a" and (Node.Meta.rack == r1 or not Checks is empty)
///
/// Selectors are the names of the record's fields, in their own spelling. Where a selector goes
/// through a list of records, one that holds is enough. Of a key that a map has not, nothing holds
/// but the negations.
public struct Filter: Sendable {
    let root: FilterNode

    /// Checks the expression against the fields of `subject`.
    public init(_ expression: String, for subject: any Filterable.Type) throws(FilterError) {
        var parser = FilterParser(expression)
        let parsed = try parser.parse()
        root = try parsed.bound(to: subject)
    }

    public func matches(_ record: some Filterable) -> Bool { root.holds(for: record) }
}

/// Why an expression is no filter. The texts follow Consul's.
public struct FilterError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    /// The expression is well formed, but names a field or an operator that the records lack.
    public let isAboutFields: Bool

    init(reason: String, isAboutFields: Bool = false) {
        self.reason = reason
        self.isAboutFields = isAboutFields
    }

    public var description: String {
        "Failed to create boolean expression evaluator: \(reason)"
    }
}

/// The bounds of filters. An expression is a client's, and comes in a URL.
enum FilterLimits {
    /// As much as the head of a request may have: lists of IDs grow long.
    static let expressionBytesMax = 1 << 20
    /// Patterns of one expression: each may take `patternStepsMax` steps of memory.
    static let patternsMax = 400
    /// Parentheses and negations inside each other: each takes a stack frame.
    static let depthMax = 64
    static let patternBytesMax = 1024
    /// Steps that a pattern may come to after its repetitions are written out (RE2's own bound on
    /// one repetition is 1000). Matching takes this many times the subject's length at most.
    static let patternStepsMax = 4096
    /// A longer text is matched by no pattern.
    static let subjectBytesMax = 16_384
}
