/// Collects the names that a record understands, for "did you mean" and for documentation.
public struct FieldNames: FieldVisitor {
    public private(set) var names: [String] = []

    public init<R: Record>(of record: R) {
        var record = record
        do { try record.fields(&self) } catch { preconditionFailure("listing threw \(error)") }
    }

    public mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        if !rule.contains(.binaryOnly) { names.append(name.description) }
    }
}
