/// A record that several trees, and the states before and after a commit, share: to copy it is to
/// count one reference, however many parts it has.
final class Row<Record: Sendable>: Sendable {
    let record: Record
    init(_ record: Record) { self.record = record }
}
