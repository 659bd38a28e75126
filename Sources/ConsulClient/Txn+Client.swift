import ConsulModel
import Wire

/// One operation on a key in a transaction, in the form of `/v1/txn`.
struct KeyOperation: Record {
    var verb = ""
    var key = ""
    var value = Bytes()
    var flags: UInt64 = 0
    var index: UInt64 = 0
    var session = ""
    private var ttl = ""
    private var lease = ""
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
        try visit.field("TTL", &ttl, .omitEmpty)
        try visit.field("Lease", &lease, .omitEmpty)
    }

    func living(_ lifetime: KVCalls.Lifetime) -> Self {
        var copy = self
        switch lifetime {
        case .unlimited: break
        case .limited(let time): copy.ttl = "\(time)"
        case .with(let key): copy.lease = key
        }
        return copy
    }
}

/// One operation of a transaction, in the form of `/v1/txn`: about one of the four.
struct WantedOperation: Record {
    private var kv: KeyOperation?
    private var node = Boxed<TxnNodeOperation>()
    private var service = Boxed<TxnServiceOperation>()
    private var check = Boxed<TxnCheckOperation>()
    init() {}
    init(_ kv: KeyOperation) { self.kv = kv }
    init(node: TxnNodeOperation) { self.node = Boxed(node) }
    init(service: TxnServiceOperation) { self.service = Boxed(service) }
    init(check: TxnCheckOperation) { self.check = Boxed(check) }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv, .omitEmpty)
        try visit.field("Node", &node, .omitEmpty)
        try visit.field("Service", &service, .omitEmpty)
        try visit.field("Check", &check, .omitEmpty)
    }
}

/// `/v1/txn`.
extension ConsulClient {
    /// Applies all of the operations, or none.
    /// - Returns: false when one did not apply.
    func transact(_ operations: [KeyOperation]) async throws(ConsulClientError) -> Bool {
        let answer = try await send(
            "PUT", "/v1/txn", body: Self.body(operations.map { WantedOperation($0) }))
        if answer.status == 409 { return false }
        _ = try answer.successful()
        return true
    }

    static func body(_ operations: [WantedOperation]) -> [UInt8] {
        JSONWriter.encode(operations, audience: .client)
    }
}
