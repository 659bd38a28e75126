import ClientCommands
import ConsulClient
import Platform
import PluginAPI
import Raft
import RaftNode
import Wire

/// `consul snapshot save`.
struct SnapshotSaveCommand: Command {
    let path = ["snapshot", "save"]
    let synopsis = "Saves snapshot of Consul server state"
    let usage = """
        Usage: consul snapshot save [options] FILE

          Writes all that the Consul servers hold at one moment to FILE: keys and values, the
          catalog, sessions and locks. The file appears when all of it has come and its sums are
          right.

          Save what the leader has:

              $ consul snapshot save backup.snap

          Save what any server has, should there be no leader:

              $ consul snapshot save -stale backup.snap
        """
    let flags = ClientFlags.server

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard let file = SnapshotFile.name(flags, console) else { return 1 }
        return await withClient(flags, console, doing: "Error saving snapshot") {
            client throws(ConsulClientError) in
            let archive = try await client.saveSnapshot()
            let meta: SnapshotMeta
            do throws(RaftNodeError) { meta = try SnapshotFile.verify(archive) } catch {
                console.error("Error verifying snapshot: \(error)")
                return 1
            }
            do throws(FileError) {
                // The new file replaces the existing one, which must not be a device, a pipe or a
                // link to one: `/dev/stdout`, for example.
                if Files.exists(file), !Files.isRegular(file) {
                    throw FileError("write", file, reason: "not a regular file")
                }
                try AtomicFile.write(Files.resolved(file), archive, mode: 0o600)
            } catch {
                console.error("Error writing snapshot file: \(error)")
                return 1
            }
            console.out("Saved and verified snapshot to index \(meta.index)")
            return 0
        }
    }
}

/// `consul snapshot restore`.
struct SnapshotRestoreCommand: Command {
    let path = ["snapshot", "restore"]
    let synopsis = "Restores snapshot of Consul server state"
    let usage = """
        Usage: consul snapshot restore [options] FILE

          Puts what FILE holds in the place of all that the Consul servers hold. What was written
          since the file was saved is gone. The servers check the whole file first: of one that is
          damaged they take nothing.

          It is meant for the worst day, and for new servers that shall take over from old ones. A
          server that fails in the middle may have to be restored again.

              $ consul snapshot restore backup.snap
        """
    let flags = ClientFlags.server

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard let file = SnapshotFile.name(flags, console),
            let archive = SnapshotFile.read(file, console)
        else { return 1 }
        return await withClient(flags, console, doing: "Error restoring snapshot") {
            client throws(ConsulClientError) in
            try await client.restoreSnapshot(archive)
            console.out("Restored snapshot")
            return 0
        }
    }
}

/// `consul snapshot inspect`.
struct SnapshotInspectCommand: Command {
    let path = ["snapshot", "inspect"]
    let synopsis = "Displays information about a Consul snapshot file"
    let usage = """
        Usage: consul snapshot inspect [options] FILE

          Checks a snapshot's file and says what it is. Nothing is asked of an agent.

              $ consul snapshot inspect backup.snap
        """
    let flags = [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard let file = SnapshotFile.name(flags, console),
            let archive = SnapshotFile.read(file, console)
        else { return 1 }
        let meta: SnapshotMeta
        do throws(RaftNodeError) { meta = try SnapshotFile.verify(archive) } catch {
            console.error("Error verifying snapshot: \(error)")
            return 1
        }
        let rows = [
            ("ID", meta.id), ("Size", "\(meta.size)"), ("Index", "\(meta.index)"),
            ("Term", "\(meta.term)"), ("Version", "1"),
        ]
        if flags["format"] == "json" {
            console.out(Output.json(InspectedSnapshot(meta)))
        } else {
            let lines = rows.map { $0.0 + String(repeating: " ", count: 13 - $0.0.count) + $0.1 }
            console.out(lines.joined(separator: "\n") + "\n")
        }
        return 0
    }
}

private struct InspectedSnapshot: Record {
    var id = ""
    var size: UInt64 = 0
    var index: UInt64 = 0
    var term: UInt64 = 0
    var version = 1
    init() {}
    init(_ meta: SnapshotMeta) {
        (id, size, index, term) = (meta.id, meta.size, meta.index, meta.term)
    }
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Size", &size)
        try visit.field("Index", &index)
        try visit.field("Term", &term)
        try visit.field("Version", &version)
    }
}

/// The code that the three commands share.
private enum SnapshotFile {
    /// The servers' bound.
    static let bytesMax = 1 << 30

    static func name(_ flags: ParsedFlags, _ console: Console) -> String? {
        guard let file = flags.arguments.first else {
            console.error("Missing FILE argument")
            return nil
        }
        guard flags.arguments.count == 1 else {
            console.error("Too many arguments (expected 1, got \(flags.arguments.count))")
            return nil
        }
        return file
    }

    static func read(_ file: String, _ console: Console) -> [UInt8]? {
        do throws(FileError) {
            return try Files.readAny(file, limit: bytesMax)
        } catch {
            console.error("Error opening snapshot file: \(error)")
            return nil
        }
    }

    static func verify(_ archive: [UInt8]) throws(RaftNodeError) -> SnapshotMeta {
        let reader = SnapshotArchiveReader()
        do {
            try reader.receive(archive) { _ in }
        } catch let error as RaftNodeError {
            throw error
        } catch {
            throw .badArchive(reason: "\(error)")
        }
        return try reader.finish()
    }
}
