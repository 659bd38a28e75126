package import Raft
internal import Wire

/// The file `raft/peers.json`, with which an operator sets the group after the loss of a majority.
/// It is read at start, and removed once the group was set by it.
package enum PeersFile {
    static let name = "peers.json"
    static let infoName = "peers.info"

    private struct Peer: Record {
        var id = ""
        var address = ""
        var isNonvoter = false

        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("id", &id)
            try visit.field("address", &address)
            try visit.field("non_voter", &isNonvoter)
        }
    }

    /// Reads the file.
    ///
    /// - Parameter directory: `raft` in the data directory.
    /// - Returns: nil when there is no such file.
    /// - Throws: `badPeersFile` for one with no server, a duplicate server, or no voter.
    package static func read(directory: String) throws(RaftNodeError) -> Configuration? {
        let path = "\(directory)/\(name)"
        guard Disk.exists(path) else { return nil }
        let text = try Disk().readAll(path, limit: Limits.peersBytesMax)
        let peers: [Peer]
        do { peers = try JSONReader.decode([Peer].self, from: text) } catch {
            throw .badPeersFile(path: path, reason: "\(error)")
        }
        var configuration = Configuration()
        for peer in peers {
            guard !peer.id.isEmpty, !peer.address.isEmpty else {
                throw .badPeersFile(path: path, reason: "a server needs an id and an address")
            }
            let isTwice = configuration.servers.contains {
                $0.id == peer.id || $0.address == peer.address
            }
            guard !isTwice else {
                throw .badPeersFile(
                    path: path, reason: "the id \(peer.id) or its address occurs twice")
            }
            configuration.servers.append(
                Server(
                    id: peer.id, address: peer.address,
                    suffrage: peer.isNonvoter ? .nonvoter : .voter))
        }
        guard !configuration.voters.isEmpty else {
            throw .badPeersFile(path: path, reason: "it names no voter, so no server could lead")
        }
        return configuration
    }

    /// Removes the file after use, so that the next start does not use it again.
    package static func remove(directory: String, _ disk: Disk = Disk()) throws(RaftNodeError) {
        try disk.remove("\(directory)/\(name)")
        try disk.syncDirectory(directory)
    }

    /// Writes instructions for such a file next to the log, as Consul does.
    package static func writeInfo(directory: String, _ disk: Disk = Disk()) throws(RaftNodeError) {
        let path = "\(directory)/\(infoName)"
        if Disk.exists(path) { return }
        try disk.writeFile(path, Array(info.utf8))
    }

    private static let info = """
        The list of servers of this datacenter is in the replicated log, and cannot be edited
        by hand. When so many servers are lost for good that no leader can be elected, put a file
        peers.json here, on every server that is left, while none of them runs. It lists those
        servers, each with the id in its file node-id (in the data directory) and the address of
        its port for servers:

        [
          {"id": "adf4238a-882b-9ddc-4a9d-5b6758e4159e", "address": "10.1.0.1:8300"},
          {"id": "8b6dda82-3103-11e7-93ae-92361f002671", "address": "10.1.0.2:8300",
           "non_voter": true}
        ]

        Then start them. Each takes the list as its group and removes the file. What had not been
        committed may be committed by this, and what no server is left of is lost.

        """
}
