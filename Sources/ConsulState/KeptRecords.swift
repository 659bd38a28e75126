/// Records of a snapshot that no table here has a place for yet (tokens, intentions …).
/// They are kept as they came, so that a restore loses nothing, and written out again.
struct KeptRecords: Sendable {
    struct Kept: Sendable, Hashable {
        var type: UInt8
        /// MessagePack, without the type's byte.
        var bytes: [UInt8]
    }

    private(set) var records: [Kept] = []
    private(set) var byteCount = 0
    /// Indexes of tables that are not here, by Consul's name of the table.
    var indexes: [String: UInt64] = [:]

    /// The types that stand between the sessions and the keys in Consul's order, and after the
    /// keys, as it writes them.
    static let before: [UInt8] = [4, 11, 17, 19, 23, 25, 27]
    static let after: [UInt8] = [7, 9, 12, 13, 14, 15, 22, 30]

    static func isKnown(_ type: UInt8) -> Bool {
        before.contains(type) || after.contains(type)
    }

    mutating func add(_ type: UInt8, _ bytes: [UInt8]) {
        records.append(Kept(type: type, bytes: bytes))
        byteCount += bytes.count
    }

    /// In the order of `types`, and as they came within one.
    func ordered(_ types: [UInt8]) -> [Kept] {
        types.flatMap { type in records.filter { $0.type == type } }
    }
}
