import ConsulModel
import Wire

/// One operation on a key in a transaction, as `/v1/txn` takes it.
struct KeyOperation: Record {
    var verb = ""
    var key = ""
    var value = Bytes()
    var flags: UInt64 = 0
    var index: UInt64 = 0
    var session = ""
    init() {}

    init(
        _ verb: String, _ key: String, value: [UInt8] = [], flags: UInt64 = 0, index: UInt64 = 0,
        session: String = ""
    ) {
        self.verb = verb
        self.key = key
        self.value = Bytes(value)
        self.flags = flags
        self.index = index
        self.session = session
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

private struct Operation: Record {
    var kv = KeyOperation()
    init() {}
    init(_ kv: KeyOperation) { self.kv = kv }
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv)
    }
}

/// `/v1/txn`.
extension ConsulClient {
    /// All of them, or none.
    /// - Returns: false when one did not apply.
    func transact(_ operations: [KeyOperation]) async throws(ConsulClientError) -> Bool {
        let answer = try await send("PUT", "/v1/txn", body: Self.body(operations))
        if answer.status == 409 { return false }
        _ = try answer.successful()
        return true
    }

    static func body(_ operations: [KeyOperation]) -> [UInt8] {
        JSONWriter.encode(operations.map { Operation($0) })
    }
}
