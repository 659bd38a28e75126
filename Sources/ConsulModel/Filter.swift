public import Wire

/// A record that a filter can examine.
public typealias Filterable = Record & Sendable

/// An expression of Consul's filter language, compiled for one type of record:
///
///     Service.Tags contains "a" and (Node.Meta.rack == r1 or not Checks is empty)
///
/// Selectors are the names of the record's fields, in their own spelling. A selector through a list
/// of records holds when it holds for one element. For a key that a map lacks, only negations hold.
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

/// The reason why an expression is invalid. The texts follow Consul's.
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

/// The bounds of filters. A client sends the expression, in a URL.
enum FilterLimits {
    /// The size of a request's head: lists of IDs grow long.
    static let expressionBytesMax = 1 << 20
    /// The number of patterns in one expression: each may take `patternStepsMax` steps of memory.
    static let patternsMax = 400
    /// The number of nested parentheses and negations: each takes a stack frame.
    static let depthMax = 64
    static let patternBytesMax = 1024
    /// The number of steps of a pattern after its repetitions are expanded (RE2's own bound on one
    /// repetition is 1000). Matching takes at most this many times the subject's length.
    static let patternStepsMax = 4096
    /// No pattern matches a longer text.
    static let subjectBytesMax = 16_384
}
