/// Requests the whole state of a datacenter's servers in one file: `GET /v1/snapshot`.
public struct SnapshotSaveRequest: ClusterRequest, Hashable {
    public var datacenter = ""
    public var token = ""
    /// Any server may answer, from its own state.
    public var allowsStale = false
    public init() {}

    public var consistency: QueryOptions.Consistency { allowsStale ? .stale : .standard }
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

/// Replaces the state of the servers by an archive's contents: `PUT /v1/snapshot`.
public struct SnapshotRestoreRequest: ClusterRequest {
    public var datacenter = ""
    public var token = ""
    /// Returns the archive's next piece, or nil after the last. Called on one thread, which may
    /// wait.
    public var next: @Sendable () throws -> [UInt8]?

    public init(_ next: @escaping @Sendable () throws -> [UInt8]?) { self.next = next }
}
