internal import Raft
internal import RaftNode

/// Reads the group of servers from a store on which no server runs.
package enum StoredGroup {
    /// Reads the whole log.
    ///
    /// - Parameter directory: `raft` in the data directory.
    /// - Returns: each server as "ID (address)"; none when nothing can be read.
    package static func servers(in directory: String) -> [String] {
        let found = try? StoreInspection.look(directory: directory) { _ in }
        return texts(found?.configuration ?? Configuration())
    }

    static func texts(_ group: Configuration) -> [String] {
        group.servers.map { "\($0.id) (\($0.address))" }
    }
}
