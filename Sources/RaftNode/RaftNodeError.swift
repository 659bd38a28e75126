/// Why the store of a server's log or snapshots cannot go on. Each names the file.
package enum RaftNodeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process has the store open.
    case locked(path: String)
    /// The disk, or the user's share of it, is full; nothing was changed.
    case diskFull(path: String)
    /// The file or its file system may only be read.
    case readOnly(path: String)
    /// Data that was durable is gone or was changed. The place is a row, a byte or a part.
    case damaged(path: String, place: String, reason: String)
    /// The system refused an operation.
    case failed(operation: String, path: String, reason: String)
    /// A write failed before, so that nobody knows what the disk holds: only a restart may go on.
    case unusable(path: String, reason: String)
    /// A recovery file that is not what it must be.
    case badPeersFile(path: String, reason: String)
    /// An archive of a snapshot that is not one, or is damaged.
    case badArchive(reason: String)

    package var description: String {
        switch self {
        case .locked(let path):
            return "another consul runs on this data directory: \(path) is locked"
        case .diskFull(let path):
            return "the disk is full: \(path) cannot grow"
        case .readOnly(let path):
            return "\(path) may only be read: check its owner, mode and file system"
        case .damaged(let path, let place, let reason):
            return "\(path) is damaged at \(place): \(reason)"
        case .failed(let operation, let path, let reason):
            return "\(operation) \(path): \(reason)"
        case .unusable(let path, let reason):
            return "\(path) takes no more writes after a failure: \(reason)"
        case .badPeersFile(let path, let reason):
            return "\(path): \(reason)"
        case .badArchive(let reason):
            return "the snapshot archive is not usable: \(reason)"
        }
    }
}
