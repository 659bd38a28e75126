internal import Cryptography
package import Raft
internal import Synchronization
internal import Wire

/// The snapshots of a durable server, a directory each: `meta.json`, `state.bin` and the sums of
/// both. A snapshot is written under another name, synced with its directory, and then renamed, so
/// that a snapshot with its final name is whole. Two are kept.
///
/// Reading and writing may run at once on several threads; a sink or source belongs to its holder.
package final class SnapshotStore: Sendable {
    private let directory: String
    private let disk: Disk
    /// The faults that were skipped since the last call, one sentence each, for the log.
    private let gathered = Mutex<[String]>([])
    package var warnings: [String] { gathered.withLock { $0 } }

    /// Opens the store.
    ///
    /// - Parameters:
    ///   - directory: `raft/snapshots` in the data directory; created if it is missing.
    ///   - onlyLooks: changes nothing there.
    package init(
        directory: String, disk: Disk = Disk(), onlyLooks: Bool = false
    ) throws(RaftNodeError) {
        self.directory = directory
        self.disk = disk
        if onlyLooks { return }
        try disk.makeDirectory(directory)
        for name in try disk.list(directory) where name.hasSuffix(".tmp") {
            try disk.remove("\(directory)/\(name)")
        }
        try removeRests()
    }

    /// Removes the snapshots whose removal an earlier program began and did not finish: each lacks
    /// a file, and a newer one is whole as far as its `meta.json` says.
    private func removeRests() throws(RaftNodeError) {
        let names = try disk.list(directory)
        let whole = names.filter { (try? read($0)) != nil }.compactMap { SnapshotName($0) }.max()
        guard let whole else { return }
        for name in names {
            guard let found = SnapshotName(name), found < whole else { continue }
            let isWhole = ["meta.json", "state.bin", "SHA256SUMS"].allSatisfy {
                Disk.exists("\(directory)/\(name)/\($0)")
            }
            if !isWhole { try remove(name) }
        }
    }

    /// Removes a snapshot under another name, so that a crash in between leaves nothing under its
    /// own name.
    private func remove(_ name: String) throws(RaftNodeError) {
        let path = "\(directory)/\(name)"
        try disk.remove("\(path).tmp")
        try disk.rename(path, "\(path).tmp")
        try disk.remove("\(path).tmp")
    }

    /// Returns the warnings and clears them.
    package func takeWarnings() -> [String] {
        gathered.withLock { warnings in
            defer { warnings = [] }
            return warnings
        }
    }

    // MARK: Reading

    /// Returns the snapshots whose `meta.json` is right, newest first, without checking their
    /// contents.
    package func list() throws(RaftNodeError) -> [SnapshotMeta] {
        var found: [SnapshotMeta] = []
        for name in try disk.list(directory) where !name.hasSuffix(".tmp") {
            do { found.append(try read(name).meta) } catch {
                warn("snapshot \(name) is passed over: \(error)")
            }
        }
        return found.sorted { ($0.term, $0.index, $0.id) > ($1.term, $1.index, $1.id) }
    }

    /// Returns the newest undamaged snapshot. Reads its contents once, to check.
    package func newest() throws(RaftNodeError) -> SnapshotMeta? {
        for meta in try list() {
            do {
                let source = try open(meta)
                while try source.next() != nil {}
                return meta
            } catch {
                warn("snapshot \(meta.id) is passed over: \(error)")
            }
        }
        return nil
    }

    /// Returns each snapshot, by its name, whole or with its fault. Reads all contents.
    func examine() throws(RaftNodeError) -> [Result<SnapshotMeta, RaftNodeError>] {
        try disk.list(directory).filter { !$0.hasSuffix(".tmp") }.map { name in
            Result { () throws(RaftNodeError) in
                let meta = try read(name).meta
                let source = try open(meta)
                while try source.next() != nil {}
                return meta
            }
        }
    }

    /// Opens the contents of a snapshot, in pieces.
    package func open(_ meta: SnapshotMeta) throws(RaftNodeError) -> SnapshotSource {
        let (read, sums) = try read(meta.id)
        let path = "\(directory)/\(meta.id)/state.bin"
        return SnapshotSource(
            read, path: path, file: try disk.open(path), sum: sums.state, disk: disk)
    }

    private func read(
        _ name: String
    ) throws(RaftNodeError) -> (meta: SnapshotMeta, sums: SnapshotSums) {
        let path = "\(directory)/\(name)"
        let text = try disk.readAll("\(path)/meta.json", limit: Limits.metaBytesMax)
        let sumText = try disk.readAll("\(path)/SHA256SUMS", limit: Limits.metaBytesMax)
        guard let sums = SnapshotSums(sumText), sumText == sums.text else {
            throw .damaged(
                path: "\(path)/SHA256SUMS", location: "byte 0", reason: "no list of sums")
        }
        guard SHA256Sum.hex(of: text) == sums.meta else {
            throw .damaged(
                path: "\(path)/meta.json", location: "byte 0", reason: "its sum is wrong")
        }
        do {
            let record = try JSONReader.decode(SnapshotMetaRecord.self, from: text)
            if record.id == name, record.version == 1, record.isInRange {
                return (record.meta, sums)
            }
        } catch {
            throw .damaged(path: "\(path)/meta.json", location: "its text", reason: "\(error)")
        }
        throw .damaged(
            path: "\(path)/meta.json", location: "its text",
            reason: "another snapshot, version or range")
    }

    // MARK: Writing

    /// Begins a snapshot, which counts only after its `finish` returns.
    ///
    /// - Parameter milliseconds: since 1970, for its name.
    package func create(
        index: LogIndex, term: Term, configuration: Configuration, configurationIndex: LogIndex,
        milliseconds: Int64
    ) throws(RaftNodeError) -> SnapshotSink {
        let meta = SnapshotMeta(
            id: "\(term)-\(index)-\(milliseconds)", index: index, term: term,
            configuration: configuration, configurationIndex: configurationIndex)
        let path = "\(directory)/\(meta.id)"
        try disk.remove("\(path).tmp")
        try disk.makeDirectory("\(path).tmp")
        let file = try disk.create("\(path).tmp/state.bin")
        return SnapshotSink(meta, path: path, file: file, disk: disk)
    }

    /// Removes the snapshots beyond those that are kept, the damaged ones among them: a newer one
    /// was just written. A failure to remove is a warning: the new snapshot is valid nevertheless.
    package func removeOld() {
        do {
            let names = try disk.list(directory).compactMap { SnapshotName($0) }.sorted(by: >)
            let whole = names.filter { (try? read($0.text)) != nil }
            guard let oldest = whole.prefix(Limits.snapshotsKept).last else { return }
            for name in names where name < oldest || name < whole[0] && !whole.contains(name) {
                do { try remove(name.text) } catch {
                    warn("cannot remove the old snapshot \(name.text): \(error)")
                }
            }
        } catch {
            warn("cannot remove old snapshots: \(error)")
        }
    }

    private func warn(_ text: String) { gathered.withLock { $0.append(text) } }
}

/// The name of a snapshot, `term-index-milliseconds`. Newer ones are greater.
private struct SnapshotName: Comparable {
    let text: String
    private let numbers: [UInt64]

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        numbers = parts.compactMap { UInt64($0) }
        guard parts.count == 3, numbers.count == 3 else { return nil }
        self.text = text
    }

    static func < (left: SnapshotName, right: SnapshotName) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}

/// A snapshot being written by its holder.
package final class SnapshotSink {
    private var meta: SnapshotMeta
    private let path: String
    private let file: Int32
    private let disk: Disk
    private var sum = SHA256Sum()
    private var unsynced = 0
    private var isOpen = true

    /// Bytes written so far.
    var size: UInt64 { meta.size }

    init(_ meta: SnapshotMeta, path: String, file: Int32, disk: Disk) {
        self.meta = meta
        self.path = path
        self.file = file
        self.disk = disk
    }

    deinit { if isOpen { cancel() } }

    package func write(_ bytes: [UInt8]) throws(RaftNodeError) {
        try disk.write(file, "\(path).tmp/state.bin", bytes)
        sum.add(bytes)
        meta.size += UInt64(bytes.count)
        unsynced += bytes.count
        guard unsynced >= Limits.snapshotSyncBytes else { return }
        unsynced = 0
        try disk.sync(file, "\(path).tmp/state.bin")
    }

    /// Makes the snapshot durable under its name. The caller then removes the old ones.
    ///
    /// - Throws: `unusable` when it is unknown whether it has its name: a start may find it.
    package func finish() throws(RaftNodeError) -> SnapshotMeta {
        let text = SnapshotMetaRecord(meta).text
        let sums = SnapshotSums(meta: SHA256Sum.hex(of: text), state: sum.hex)
        try disk.sync(file, "\(path).tmp/state.bin")
        try disk.writeFile("\(path).tmp/meta.json", text)
        try disk.writeFile("\(path).tmp/SHA256SUMS", sums.text)
        try disk.syncDirectory("\(path).tmp")
        try disk.rename("\(path).tmp", path)
        disk.close(file)
        isOpen = false
        do throws(RaftNodeError) {
            try disk.syncDirectory(Disk.parent(of: path))
        } catch {
            throw .unusable(path: path, reason: "\(error)")
        }
        return meta
    }

    /// Discards the snapshot. Files that cannot be removed now are removed when the store opens
    /// next.
    package func cancel() {
        guard isOpen else { return }
        isOpen = false
        disk.close(file)
        try? disk.remove("\(path).tmp")
    }
}

/// A snapshot being read by its holder.
package final class SnapshotSource {
    package let meta: SnapshotMeta
    private let path: String
    private let file: Int32
    private let expected: String
    private let disk: Disk
    private var sum = SHA256Sum()
    private var count: UInt64 = 0

    init(_ meta: SnapshotMeta, path: String, file: Int32, sum: String, disk: Disk) {
        self.meta = meta
        self.path = path
        self.file = file
        expected = sum
        self.disk = disk
    }

    deinit { disk.close(file) }

    /// Returns the next piece; nil after the last, only when the sum of all pieces is right.
    package func next() throws(RaftNodeError) -> [UInt8]? {
        let piece = try disk.read(file, path, max: Limits.snapshotPieceBytes)
        sum.add(piece)
        count += UInt64(piece.count)
        if !piece.isEmpty, count <= meta.size { return piece }
        guard count == meta.size else {
            throw .damaged(
                path: path, location: "byte \(min(count, meta.size))",
                reason: "it has \(count < meta.size ? "fewer" : "more") than \(meta.size) bytes")
        }
        guard sum.hex == expected else {
            throw .damaged(
                path: path, location: "bytes 0 to \(count)", reason: "their sum is not \(expected)")
        }
        return nil
    }
}
