internal import Raft

/// The reason why the store of a server's log or snapshots cannot continue. Each error names the
/// file.
package enum RaftNodeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process has the store open.
    case locked(path: String)
    /// The disk, or the user's quota, is full; nothing was changed.
    case diskFull(path: String)
    /// The file or its file system is read-only.
    case readOnly(path: String)
    /// Durable data is missing or was changed. The location is a row, a byte or a part.
    case damaged(path: String, location: String, reason: String)
    /// The end of the log is missing: it has fewer writes than were synced.
    case lostEnd(path: String, reason: String)
    /// The system refused an operation.
    case failed(operation: String, path: String, reason: String)
    /// An earlier write failed, so that the contents of the disk are unknown: only a restart may
    /// continue.
    case unusable(path: String, reason: String)
    /// A malformed recovery file.
    case badPeersFile(path: String, reason: String)
    /// An archive of a snapshot that is malformed or damaged.
    case badArchive(reason: String)

    /// Converts an error of the system or another target during an operation on a file.
    init(_ error: any Error, _ operation: String, _ path: String) {
        self =
            error as? RaftNodeError
            ?? .failed(operation: operation, path: path, reason: "\(error)")
    }

    /// Returns this error with the operator's remedy for damage.
    ///
    /// - Parameter directory: `raft` in the data directory, with everything that is left of it.
    func advising(of directory: String) -> RaftNodeError {
        switch self {
        case .damaged(let path, let location, let reason):
            return .damaged(
                path: path, location: location,
                reason: reason + Self.remedy(for: self, in: directory))
        case .lostEnd(let path, let reason):
            return .lostEnd(path: path, reason: reason + Self.remedy(for: self, in: directory))
        default: return self
        }
    }

    private static func remedy(for error: RaftNodeError, in directory: String) -> String {
        var advice = "; restore the file from a copy, or, to continue "
        let newest = try? SnapshotStore(directory: "\(directory)/snapshots", onlyLooks: true)
            .newest()
        if case .lostEnd = error {
            advice += "without them, remove \(directory)/\(SQLiteLogStore.lockName)"
        } else if let newest, !error.isAboutSnapshots {
            let log = SQLiteLogStore.fileName
            advice +=
                "from the snapshot of entry \(newest.index) without what was written after it, "
                + "remove \(log), \(log)-wal and \(SQLiteLogStore.lockName) in \(directory)"
        } else {
            advice +=
                "from an archive of \"consul snapshot save\", move \(directory) away and restore it"
        }
        return advice + " (\"consul operator raft inspect\" shows what is left)"
    }

    /// True when the log is undamaged, and no snapshot reaches up to its beginning.
    private var isAboutSnapshots: Bool {
        if case .damaged(let path, _, _) = self { return path.hasSuffix("/snapshots") }
        return false
    }

    package var description: String {
        switch self {
        case .locked(let path):
            return "another consul runs on this data directory: \(path) is locked"
        case .diskFull(let path):
            return "the disk is full: \(path) cannot grow"
        case .readOnly(let path):
            return "\(path) is read-only: check its owner, mode and file system"
        case .damaged(let path, let location, let reason):
            return "\(path) is damaged at \(location): \(reason)"
        case .lostEnd(let path, let reason):
            return "\(path) is damaged at its end: \(reason)"
        case .failed(let operation, let path, let reason):
            return "\(operation) \(path): \(reason)"
        case .unusable(let path, let reason):
            return "\(path) accepts no more writes after a failure: \(reason)"
        case .badPeersFile(let path, let reason):
            return "\(path): \(reason)"
        case .badArchive(let reason):
            return "the snapshot archive is not usable: \(reason)"
        }
    }
}
