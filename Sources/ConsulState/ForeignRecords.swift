internal import Wire

/// Holds the records of a snapshot that no table here has (tokens, intentions …) verbatim, and
/// writes them out again, so that a restore loses nothing.
struct ForeignRecords: Sendable {
    struct Entry: Sendable, Hashable {
        var type: UInt8
        /// MessagePack, without the type's byte.
        var bytes: [UInt8]
    }

    private(set) var records: [Entry] = []
    private(set) var byteCount = 0
    /// The indexes of tables that do not exist here, by Consul's name of the table.
    private(set) var indexes: [String: UInt64] = [:]
}

extension ForeignRecords: StateTable {
    /// All of Consul's types: this table is the last, and receives the records of no other table.
    static let recordTypes = SnapshotOrder.types

    func sections() -> [any SnapshotSection] {
        let present = Set(records.map(\.type))
        return present.map { type in Section(type: type, rest: records[...]) }
    }

    mutating func restore(_ record: inout SnapshotRecord) throws {
        let bytes = try record.readBytes()
        records.append(Entry(type: record.type, bytes: bytes))
        byteCount += bytes.count
        if byteCount > Limits.foreignBytesMax {
            let limit = Limits.foreignBytesMax >> 20
            throw SnapshotFault(
                description: "more than \(limit) MiB of records without a table")
        }
    }

    /// The index of a kind of services rises with that of all services, of any kind.
    func indexes(in store: StateStore) -> [(name: String, value: UInt64)] {
        indexes.map { name, value in
            let isOfServices = name.hasPrefix("service_kind.")
            return (name, isOfServices ? max(value, store.catalog.servicesIndex) : value)
        }
    }

    mutating func restoreIndex(_ name: String, _ value: UInt64) -> Bool {
        indexes[name] = value
        return true
    }

    func checkInvariants(in store: StateStore) {
        let sum = records.reduce(0) { $0 + $1.bytes.count }
        precondition(sum == byteCount, "\(byteCount) bytes of \(sum) are counted")
    }

    /// The records of a type in the order of arrival.
    private struct Section: SnapshotSection {
        let type: UInt8
        var rest: ArraySlice<Entry>

        mutating func writeNext(to writer: inout MessagePackWriter) -> Bool {
            while let record = rest.popFirst() {
                guard record.type == type else { continue }
                writer.byte(type)
                writer.raw(record.bytes)
                return true
            }
            return false
        }
    }
}
