/// Why a text is not the JSON that was asked for, and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes before the place, and the same as a line and a column, both from 1, in bytes.
    public var offset: Int
    public var line: Int
    public var column: Int
    public var reason: String
    /// Set where a record does not have a field that the text has.
    public var unknownField: UnknownField?

    public struct UnknownField: Equatable, Sendable {
        public var name: String
        /// The fields of the record.
        public var known: [String]
    }

    public var description: String { "line \(line), column \(column): \(reason)" }
}
