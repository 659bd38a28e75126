package import Raft
package import Wire

/// A configuration as HashiCorp's servers write it: in entries of the log (MessagePack), beside a
/// snapshot (JSON) and to a follower that is sent one.
package struct ConfigurationRecord: Record, Sendable {
    package var servers: [ServerRecord] = []
    package init() {}

    package init(_ configuration: Configuration) {
        servers = configuration.servers.map { server in
            var record = ServerRecord()
            record.suffrage = Int(server.suffrage.rawValue)
            record.id = server.id
            record.address = server.address
            return record
        }
    }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Servers", &servers)
    }

    package var configuration: Configuration {
        Configuration(
            servers: servers.map { record in
                Server(
                    id: record.id, address: record.address,
                    suffrage: Suffrage(rawValue: UInt8(clamping: record.suffrage)) ?? .nonvoter)
            })
    }
}

package struct ServerRecord: Record, Sendable {
    package var suffrage = 0
    package var id = ""
    package var address = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Suffrage", &suffrage)
        try visit.field("ID", &id)
        try visit.field("Address", &address)
    }
}

extension Configuration {
    /// The data of an entry of kind `configuration`.
    package var encoded: [UInt8] { MessagePackWriter.encode(ConfigurationRecord(self)) }

    /// - Throws: `MessagePackError`.
    package init(decoding data: [UInt8]) throws {
        self = try MessagePackReader.decode(ConfigurationRecord.self, from: data).configuration
    }

    /// The addresses of the voters, as protocol versions before 3 had them; still written.
    package var encodedPeers: [UInt8] { MessagePackWriter.encode(voters.map(\.address)) }
}

/// `meta.json` beside a snapshot's contents, in the data directory as in an archive.
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

    var meta: SnapshotMeta {
        SnapshotMeta(
            id: id, index: index, term: term, configuration: configuration.configuration,
            configurationIndex: configurationIndex, size: size)
    }

    /// One line, as HashiCorp's servers write it.
    var text: [UInt8] { JSONWriter.encode(self) + [0x0A] }
}
