import ConsulModel
import HTTPTransport
import Primitives
import Wire

let txnRoutes = [Route("/v1/txn", ("PUT", .direct(TxnRoutes.put)))]

/// `/v1/txn`.
enum TxnRoutes {
    /// Consul's own.
    private static let operationsMax = 64

    @Sendable static func put(_ exchange: Exchange) throws(ConsulError) {
        var operations: [TxnOperation] = []
        for wanted in try wanted(exchange) { operations.append(try wanted.operation()) }
        guard operations.count <= operationsMax else {
            throw ConsulError(
                .tooLarge,
                "Transaction contains too many operations (\(operations.count) > "
                    + "\(operationsMax))")
        }
        if operations.allSatisfy({ $0.kv?.isRead ?? true }) {
            let request = TxnReadRequest(operations, try exchange.options())
            exchange.call(.txnRead, request) { answer($0, exchange) }
            return
        }
        var request = TxnRequest()
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        request.operations = operations
        exchange.call(.txnApply, request) {
            exchange.json($0, status: $0.errors == nil ? 200 : 409)
        }
    }

    private static func wanted(_ exchange: Exchange) throws(ConsulError) -> [WantedOperation] {
        let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        if exchange.request.body.allSatisfy(isBlank) {
            throw ConsulError(.badRequest, "Failed to parse body: EOF")
        }
        do {
            return try JSONReader.decode([WantedOperation].self, from: exchange.request.body)
        } catch {
            throw ConsulError(.badRequest, "Failed to parse body: \(error)")
        }
    }

    /// Of a transaction that only looked, Consul shows what a read's headers say in the body too,
    /// but no index.
    private static func answer(
        _ found: Indexed<TxnResponse>, _ exchange: Exchange
    ) -> HTTPResponse {
        var response = exchange.json(
            TxnReadAnswer(found), status: found.value.errors == nil ? 200 : 409)
        response.headers.add(
            name: "X-Consul-Knownleader", value: found.meta.knownLeader ? "true" : "false")
        response.headers.add(
            name: "X-Consul-Lastcontact", value: "\(max(found.meta.lastContact.milliseconds, 0))")
        return response
    }
}

/// An operation as a client asks for it.
private struct WantedOperation: Record {
    var kv: WantedKV?
    var others = [JSONValue](repeating: .null, count: 3)
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv)
        try visit.field("Node", &others[0])
        try visit.field("Service", &others[1])
        try visit.field("Check", &others[2])
    }

    func operation() throws(ConsulError) -> TxnOperation {
        guard let kv else {
            // Rather than to do a part of it: all or nothing.
            guard others.allSatisfy({ $0 == .null }) else {
                throw ConsulError(
                    .badRequest, "Transactions over nodes, services and checks are not supported")
            }
            return TxnOperation()
        }
        var entry = KVEntry()
        entry.key = kv.key
        entry.value = kv.value
        entry.flags = kv.flags
        entry.session = kv.session
        entry.raftIndex.modifyIndex = kv.index
        return TxnOperation(TxnKVOperation(kv.verb, entry))
    }
}

private struct WantedKV: Record {
    var verb = ""
    var key = ""
    var value = Bytes()
    var flags: UInt64 = 0
    var index: UInt64 = 0
    var session = ""
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &verb)
        try visit.field("Key", &key)
        try visit.field("Value", &value)
        try visit.field("Flags", &flags)
        try visit.field("Index", &index)
        try visit.field("Session", &session)
    }
}

private struct TxnReadAnswer: Record {
    var response = TxnResponse()
    var index: UInt64 = 0
    var lastContact = 0
    var knownLeader = true
    var consistency = ""
    init() {}
    init(_ found: Indexed<TxnResponse>) {
        response = found.value
        lastContact = Int(found.meta.lastContact.nanoseconds)
        knownLeader = found.meta.knownLeader
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.embed(&response)
        try visit.field("Index", &index)
        try visit.field("LastContact", &lastContact)
        try visit.field("KnownLeader", &knownLeader)
        try visit.field("ConsistencyLevel", &consistency)
    }
}
