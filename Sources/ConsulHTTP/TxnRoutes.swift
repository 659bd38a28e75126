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
        let datacenter = exchange.active.settings.datacenter
        let operations = try wanted(exchange, datacenter)
        guard operations.count <= operationsMax else {
            throw ConsulError(
                .tooLarge,
                "Transaction contains too many operations (\(operations.count) > "
                    + "\(operationsMax))")
        }
        if operations.allSatisfy({ $0.isRead }) {
            let request = TxnReadRequest(
                operations, try exchange.options(looksAtNamespace: false))
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

    private static func wanted(
        _ exchange: Exchange, _ datacenter: String
    ) throws(ConsulError) -> [TxnOperation] {
        if StrictBody.isBlank(exchange.request.body) {
            throw ConsulError(.badRequest, "Failed to parse body: EOF")
        }
        do {
            var reader = StrictBody.reader(exchange.request.body)
            var operations: [TxnOperation] = []
            if try !reader.null() {
                operations.reserveCapacity(operationsMax)
                try reader.beginArray()
                while try reader.nextElement() {
                    var wanted = WantedOperation()
                    try wanted.decode(from: &reader)
                    operations.append(wanted.operation(in: datacenter))
                }
            }
            try reader.finish()
            return operations
        } catch {
            throw ConsulError(.badRequest, "Failed to parse body: \(StrictBody.reason(error))")
        }
    }

    /// In the answer to a read-only transaction, Consul shows the values of a read's headers in the
    /// body too, without the index.
    private static func answer(
        _ found: TxnReadResponse, _ exchange: Exchange
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

/// An operation in a client's request. Only operations on keys have another form between servers.
private struct WantedOperation: Record {
    var kv: WantedKV?
    var node = Boxed<TxnNodeOperation>()
    var service = Boxed<TxnServiceOperation>()
    var check = Boxed<TxnCheckOperation>()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv)
        try visit.field("Node", &node)
        try visit.field("Service", &service)
        try visit.field("Check", &check)
    }

    func operation(in datacenter: String) -> TxnOperation {
        if let kv { return TxnOperation(kv.operation) }
        var operation = TxnOperation()
        operation.node = node.value
        if operation.node?.node.datacenter.isEmpty == true {
            operation.node?.node.datacenter = datacenter
        }
        operation.service = service.value
        operation.check = check.value
        return operation
    }
}

/// An operation on a key, in the flat form of clients.
private struct WantedKV: Record {
    var operation = TxnKVOperation()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &operation.verb)
        try visit.field("Key", &operation.entry.key)
        try visit.field("Value", &operation.entry.value)
        try visit.field("Flags", &operation.entry.flags)
        try visit.field("Index", &operation.entry.raftIndex.modifyIndex)
        try visit.field("Session", &operation.entry.session)
        try visit.field("TTL", &operation.ttl)
        try visit.field("Lease", &operation.entry.lease)
    }
}

private struct TxnReadAnswer: Record {
    var response = TxnResponse()
    var index: UInt64 = 0
    var lastContact = 0
    var knownLeader = true
    var consistency = ""
    init() {}
    init(_ found: TxnReadResponse) {
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
