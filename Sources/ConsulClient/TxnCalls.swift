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
        let body = JSONWriter.encode(steps.map { TxnEnvelope(kv: TxnLine($0)) })
        let answer = try await send("PUT", "/v1/txn", body: body)
        return try answer.status == 409 ? answer.decode() : answer.successful().decode()
    }
}

/// `{"KV": {…}}`.
private struct TxnEnvelope: Record {
    var kv = TxnLine()
    init() {}
    init(kv: TxnLine) { self.kv = kv }
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv)
    }
}

private struct TxnLine: Record {
    var verb = ""
    var key = ""
    var value = Bytes()
    var flags: UInt64 = 0
    var index: UInt64 = 0
    var session = ""
    init() {}

    init(_ step: TxnStep) {
        switch step {
        case .set(let key, let value, let flags):
            (verb, self.key, self.value, self.flags) = ("set", key, Bytes(value), flags)
        case .setUnchanged(let key, let value, let index, let flags):
            (verb, self.key, self.value, self.flags) = ("cas", key, Bytes(value), flags)
            self.index = index
        case .lock(let key, let value, let session):
            (verb, self.key, self.value, self.session) = ("lock", key, Bytes(value), session)
        case .unlock(let key, let value, let session):
            (verb, self.key, self.value, self.session) = ("unlock", key, Bytes(value), session)
        case .get(let key): (verb, self.key) = ("get", key)
        case .getAll(let key): (verb, self.key) = ("get-tree", key)
        case .delete(let key): (verb, self.key) = ("delete", key)
        case .deleteUnchanged(let key, let index):
            (verb, self.key, self.index) = ("delete-cas", key, index)
        case .deleteAll(let key): (verb, self.key) = ("delete-tree", key)
        case .checkIndex(let key, let index):
            (verb, self.key, self.index) = ("check-index", key, index)
        case .checkSession(let key, let session):
            (verb, self.key, self.session) = ("check-session", key, session)
        case .checkNotExists(let key): (verb, self.key) = ("check-not-exists", key)
        }
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &verb)
        try visit.field("Key", &key)
        try visit.field("Value", &value, .omitEmpty)
        try visit.field("Flags", &flags, .omitEmpty)
        try visit.field("Index", &index, .omitEmpty)
        try visit.field("Session", &session, .omitEmpty)
    }
}
