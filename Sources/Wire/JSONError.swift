/// The reason why a text is not the expected JSON, and its position.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The byte offset of the fault, and its line and column, both from 1, in bytes.
    public var offset: Int
    public var line: Int
    public var column: Int
    public var reason: String
    /// The key of an unknown field of a record.
    public var unknownField: UnknownField?

    public struct UnknownField: Equatable, Sendable {
        public var name: String
        /// The names of the record's fields.
        public var known: [String]
    }

    public var description: String { "line \(line), column \(column): \(reason)" }
}
