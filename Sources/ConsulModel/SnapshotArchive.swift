/// Asks for all that the servers of a datacenter hold, in one file: `GET /v1/snapshot`.
public struct SnapshotSaveRequest: Hashable, Sendable {
    public var datacenter = ""
    public var token = ""
    /// Any server may answer, with what it has.
    public var allowsStale = false
    public init() {}
}

/// Consul's archive: gzip of tar of `meta.json`, `state.bin` and `SHA256SUMS`.
public struct SnapshotArchive: Sendable {
    public var bytes: [UInt8]
    public var meta: QueryMeta
    public init(_ bytes: [UInt8], _ meta: QueryMeta) {
        self.bytes = bytes
        self.meta = meta
    }
}

/// Puts an archive's contents in the place of all that the servers hold: `PUT /v1/snapshot`.
public struct SnapshotRestoreRequest: Sendable {
    public var datacenter = ""
    public var token = ""
    /// The archive's next piece; nil behind the last. Called on one thread, which may wait.
    public var next: @Sendable () throws -> [UInt8]?

    public init(_ next: @escaping @Sendable () throws -> [UInt8]?) { self.next = next }
}

extension Endpoint where Request == SnapshotSaveRequest, Response == SnapshotArchive {
    public static var snapshotSave: Self { .init(.snapshotSave, .read) }
}

extension Endpoint where Request == SnapshotRestoreRequest, Response == Bool {
    public static var snapshotRestore: Self { .init(.snapshotRestore, .write) }
}
