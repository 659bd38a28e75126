internal import Raft
internal import Wire

/// `meta.json` next to a snapshot's contents, in the data directory as in an archive.
struct SnapshotMetaRecord: Record {
    var version = 1
    var id = ""
    var index: UInt64 = 0
    var term: UInt64 = 0
    var peers = Bytes()
    var configuration = ConfigurationRecord()
    var configurationIndex: UInt64 = 0
    var size: UInt64 = 0
    init() {}

    init(_ meta: SnapshotMeta) {
        id = meta.id
        index = meta.index
        term = meta.term
        peers = Bytes(meta.configuration.encodedPeers)
        configuration = ConfigurationRecord(meta.configuration)
        configurationIndex = meta.configurationIndex
        size = meta.size
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Version", &version)
        try visit.field("ID", &id)
        try visit.field("Index", &index)
        try visit.field("Term", &term)
        try visit.field("Peers", &peers)
        try visit.field("Configuration", &configuration)
        try visit.field("ConfigurationIndex", &configurationIndex)
        try visit.field("Size", &size)
    }

    /// True when no number exceeds `Limits.indexMax`.
    var isInRange: Bool { max(index, term, configurationIndex) <= Limits.indexMax }

    var meta: SnapshotMeta {
        SnapshotMeta(
            id: id, index: index, term: term,
            configuration: configuration.configuration ?? Configuration(),
            configurationIndex: configurationIndex, size: size)
    }

    /// One line, as HashiCorp's servers write it.
    var text: [UInt8] { JSONWriter.encode(self) + [0x0A] }
}
