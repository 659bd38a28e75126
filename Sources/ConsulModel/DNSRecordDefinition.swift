public import Primitives
public import Wire

/// A record of the DNS domain that an operator writes into a fragment, beside those that the
/// catalog makes.
public struct DNSRecordDefinition: Record, Hashable, Sendable {
    /// Under the domain, `printer` or `printer.office`; or whole, with the closing dot.
    public var name = ""
    /// `A`, `AAAA`, `CNAME`, `TXT` or `SRV`, in any case.
    public var type = ""
    /// What the record says, as zone files write it: `10.0.0.9`, `10 5 631 printer`. Text stands as
    /// it is, without quotes.
    public var value = ""
    /// Several values: a record each.
    public var values: [String] = []
    /// How long others may keep it; nil for `dns_config.node_ttl`.
    public var ttl: GoDuration?
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name, .omitEmpty)
        try visit.field("Type", &type, .omitEmpty)
        try visit.field("Value", &value, .omitEmpty)
        try visit.field("Values", &values, .omitEmpty)
        try visit.field("TTL", &ttl, .omitEmpty)
    }

    /// What a record is told apart by: a name has one definition of each type.
    public var identity: String { "\(name.lowercased()) \(type.uppercased())" }
}
