internal import ConsulModel
internal import Primitives
internal import Wire

extension KVTable: StateTable {
    static let recordTypes = [MessageType.kvs, MessageType.tombstone]

    func sections() -> [any SnapshotSection] {
        [TreeSection(MessageType.kvs, entries) { $0.record }, TombstoneSection(graveyard)]
    }

    func indexes(in store: StateStore) -> [(name: String, value: UInt64)] {
        var newestTombstone: UInt64 = 0
        graveyard.tombstones.forEach { newestTombstone = max(newestTombstone, $0.index) }
        return [
            ("kvs", index), ("tombstones", newestTombstone),
            (Self.forgottenName, graveyard.forgotten),
        ]
    }

    /// An index of our own in addition to Consul's: that of the newest forgotten deletion.
    private static let forgottenName = "tombstones-forgotten"

    mutating func restore(_ record: inout SnapshotRecord) throws {
        let entry = try record.read(KVEntry.self)
        if record.type == MessageType.kvs { return restore(entry) }
        restore(
            tombstone: entry.key, at: entry.raftIndex.modifyIndex,
            isTree: entry.flags & TombstoneSection.treeFlag != 0)
    }

    mutating func restoreIndex(_ name: String, _ value: UInt64) -> Bool {
        switch name {
        case "kvs", "tombstones": restore(index: value)
        case Self.forgottenName: restore(forgotten: value)
        default: return false
        }
        return true
    }
}

/// Writes tombstones as entries without a value.
struct TombstoneSection: SnapshotSection {
    /// In a tombstone's `Flags`, which HashiCorp's servers leave unchanged: all keys with this
    /// prefix were deleted.
    static let treeFlag: UInt64 = 1

    let type = MessageType.tombstone
    private var tombstones: RadixTree<Graveyard.Tombstone>.Cursor

    init(_ graveyard: Graveyard) { tombstones = graveyard.tombstones.cursor() }

    mutating func writeNext(to writer: inout MessagePackWriter) -> Bool {
        guard let tombstone = tombstones.next() else { return false }
        var entry = KVEntry()
        entry.key = String(decoding: tombstones.key, as: UTF8.self)
        entry.flags = tombstone.isTree ? Self.treeFlag : 0
        entry.raftIndex.modifyIndex = tombstone.index
        writer.put(type, entry)
        return true
    }
}
