/// One step of a transaction. Indexes are of the key's last write; 0 stands for a key that is not
/// there.
public enum TxnStep: Hashable, Sendable {
    case set(String, [UInt8], flags: UInt64 = 0)
    /// Only while nobody has written the key since.
    case setUnchanged(String, [UInt8], since: UInt64, flags: UInt64 = 0)
    case lock(String, [UInt8], session: String)
    case unlock(String, [UInt8], session: String)
    case get(String)
    /// Every key that begins so.
    case getAll(String)
    case delete(String)
    case deleteUnchanged(String, since: UInt64)
    /// Every key that begins so.
    case deleteAll(String)
    /// The transaction fails unless these hold.
    case checkIndex(String, is: UInt64)
    case checkSession(String, is: String)
    case checkNotExists(String)
}

extension ConsulClient {
    /// Does all of the steps or none, in order; at most 64.
    ///
    ///     let response = try await client.transact([
    ///         .checkNotExists("jobs/7/owner"), .set("jobs/7/owner", Array("web1".utf8)),
    ///     ])
    ///     if let errors = response.errors { … }
    ///
    /// - Returns: the results; or, when nothing was done, the errors, each with the place of its
    ///   step.
    public func transact(_ steps: [TxnStep]) async throws(ConsulClientError) -> TxnResponse {
        let answer = try await send(
            "PUT", "/v1/txn", body: Self.body(steps.map { KeyOperation($0) }))
        return try answer.status == 409 ? answer.decode() : answer.successful().decode()
    }
}

extension KeyOperation {
    init(_ step: TxnStep) {
        switch step {
        case .set(let key, let value, let flags):
            self.init("set", key, value: value, flags: flags)
        case .setUnchanged(let key, let value, let index, let flags):
            self.init("cas", key, value: value, flags: flags, index: index)
        case .lock(let key, let value, let session):
            self.init("lock", key, value: value, session: session)
        case .unlock(let key, let value, let session):
            self.init("unlock", key, value: value, session: session)
        case .get(let key): self.init("get", key)
        case .getAll(let key): self.init("get-tree", key)
        case .delete(let key): self.init("delete", key)
        case .deleteUnchanged(let key, let index): self.init("delete-cas", key, index: index)
        case .deleteAll(let key): self.init("delete-tree", key)
        case .checkIndex(let key, let index): self.init("check-index", key, index: index)
        case .checkSession(let key, let session):
            self.init("check-session", key, session: session)
        case .checkNotExists(let key): self.init("check-not-exists", key)
        }
    }
}
