/// A record that several trees, and the states before and after a commit, share: a copy costs one
/// reference count, however many parts the record has.
final class Row<Record: Sendable>: Sendable {
    let record: Record
    init(_ record: Record) { self.record = record }
}
