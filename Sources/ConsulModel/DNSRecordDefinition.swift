public import Primitives
public import Wire

/// A static record of the DNS domain, which an operator writes into a fragment.
public struct DNSRecordDefinition: Record, Hashable, Sendable {
    /// The name below the domain (`printer`, `printer.office`), or the full name with its final
    /// dot.
    public var name = ""
    /// `A`, `AAAA`, `CNAME`, `TXT` or `SRV`, in any case.
    public var type = ""
    /// The record's data in the syntax of zone files: `10.0.0.9`, `10 5 631 printer`. Text is
    /// verbatim, without quotes.
    public var value = ""
    /// Several values: a record each.
    public var values: [String] = []
    /// The TTL; nil for `dns_config.node_ttl`.
    public var ttl: GoDuration?
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name, .omitEmpty)
        try visit.field("Type", &type, .omitEmpty)
        try visit.field("Value", &value, .omitEmpty)
        try visit.field("Values", &values, .omitEmpty)
        try visit.field("TTL", &ttl, .omitEmpty)
    }

    /// The identity of a record: a name has one definition of each type.
    public var identity: String { "\(name.lowercased()) \(type.uppercased())" }
}
