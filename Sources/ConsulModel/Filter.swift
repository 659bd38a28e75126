public import Wire

/// A record that a filter can look into.
public typealias Filterable = Record & Sendable

/// An expression of Consul's filter language (`Service.Tags contains "a" and Node.Meta.rack == r1`), made
/// for one type of record.
public struct Filter: Sendable {
    public init(_ expression: String, for subject: any Filterable.Type) throws(FilterError) {
        throw FilterError(description: "filter: expressions are not read yet")
    }

    public func matches(_ record: some Filterable) -> Bool { true }
}

/// Why an expression is no filter.
public struct FilterError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}
