package import Wire

/// A configuration as HashiCorp's servers write it: in entries of the log (MessagePack), next to a
/// snapshot (JSON) and with a snapshot that is sent to a follower.
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

    /// Nil when a server has an unknown suffrage.
    package var configuration: Configuration? {
        var configuration = Configuration()
        for record in servers {
            guard let suffrage = Suffrage(rawValue: UInt8(clamping: record.suffrage)) else {
                return nil
            }
            configuration.servers.append(
                Server(id: record.id, address: record.address, suffrage: suffrage))
        }
        return configuration
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

    /// Decodes one configuration. Unknown fields are skipped.
    ///
    /// - Returns: nil for any other data.
    package init?(encoded: [UInt8]) {
        guard
            let record = try? MessagePackReader.decode(ConfigurationRecord.self, from: encoded),
            let configuration = record.configuration
        else { return nil }
        self = configuration
    }

    /// The addresses of the voters in the form of protocol versions before 3; still written.
    package var encodedPeers: [UInt8] { MessagePackWriter.encode(voters.map(\.address)) }
}
