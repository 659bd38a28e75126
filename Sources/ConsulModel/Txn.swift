public import Wire

/// Several operations that are carried out together or not at all.
public struct TxnRequest: Record, Hashable, Sendable {
    public var datacenter = ""
    public var operations: [TxnOperation] = []
    public var token = ""
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Ops", &operations)
        try visit.field("Token", &token)
    }
}

/// One of them. What stands in `others` is not known here: who finds something there must not carry
/// the transaction out.
public struct TxnOperation: Record, Hashable, Sendable {
    public var kv: TxnKVOperation?
    public var others = [JSONValue](repeating: .null, count: 5)
    public init() {}
    public init(_ kv: TxnKVOperation) { self.kv = kv }

    @inlinable public var isKnown: Bool { others.allSatisfy { $0 == .null } }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv)
        try visit.field("Intention", &others[0])
        try visit.field("Node", &others[1])
        try visit.field("Service", &others[2])
        try visit.field("Check", &others[3])
        try visit.field("Session", &others[4])
    }
}

/// What to do with a key. The verb is text: one that nobody knows fails by itself.
public struct TxnKVOperation: Record, Hashable, Sendable {
    public var verb = ""
    public var entry = KVEntry()
    public init() {}
    public init(_ verb: String, _ entry: KVEntry) {
        self.verb = verb
        self.entry = entry
    }

    /// The verbs that change nothing; an unknown one does not either.
    public var isRead: Bool { KVOperation(rawValue: verb) == nil }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &verb)
        try visit.field("DirEnt", &entry)
    }
}

/// What the operations found, or why none of them was done.
public struct TxnResponse: Record, Hashable, Sendable {
    public var results: [TxnResult]?
    public var errors: [TxnError]?
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Results", &results)
        try visit.field("Errors", &errors)
    }
}

public struct TxnResult: Record, Hashable, Sendable {
    public var kv = KVEntry()
    public init() {}
    public init(_ entry: KVEntry) { kv = entry }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv)
    }
}

public struct TxnError: Record, Hashable, Sendable {
    public var operationIndex = 0
    public var what = ""
    public init() {}
    public init(_ index: Int, _ what: String) {
        operationIndex = index
        self.what = what
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("OpIndex", &operationIndex)
        try visit.field("What", &what)
    }
}

/// A transaction that only looks.
public struct TxnReadRequest: Hashable, Sendable {
    public var operations: [TxnOperation]
    public var options: QueryOptions
    public init(_ operations: [TxnOperation], _ options: QueryOptions) {
        self.operations = operations
        self.options = options
    }
}

extension Endpoint where Request == TxnRequest, Response == TxnResponse {
    public static var txnApply: Self { .init("Txn.Apply", .write) }
}

extension Endpoint where Request == TxnReadRequest, Response == Indexed<TxnResponse> {
    public static var txnRead: Self { .init("Txn.Read", .read) }
}
