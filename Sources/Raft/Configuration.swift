/// Identifies a server permanently (Consul: the node's UUID); its address may change.
package typealias ServerID = String

/// Whether a server's vote and log count. The numbers are those of HashiCorp's log.
package enum Suffrage: UInt8, Sendable, Hashable {
    case voter = 0
    /// Receives the log, and is never counted.
    case nonvoter = 1
    /// Written by older servers; treated as a non-voter.
    case staging = 2
}

package struct Server: Sendable, Hashable {
    package var id: ServerID
    /// `ip:port`.
    package var address: String
    package var suffrage: Suffrage

    package init(id: ServerID, address: String, suffrage: Suffrage = .voter) {
        self.id = id
        self.address = address
        self.suffrage = suffrage
    }
}

/// The servers of the group, in the order in which they joined. It takes effect when it is stored,
/// and is committed later (thesis, section 4.1).
package struct Configuration: Sendable, Hashable {
    package var servers: [Server]

    package init(servers: [Server] = []) { self.servers = servers }

    package subscript(id: ServerID) -> Server? { servers.first { $0.id == id } }
    package var voters: [Server] { servers.filter { $0.suffrage == .voter } }
    package func isVoter(_ id: ServerID) -> Bool { self[id]?.suffrage == .voter }
    /// The number of votes that decide; 1 for an empty configuration, which can decide nothing.
    package var quorum: Int { voters.count / 2 + 1 }
}
