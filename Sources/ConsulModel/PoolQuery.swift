public import Primitives
public import Wire

/// A question for the members of the datacenter's pool (Serf's query): a name and a payload. The
/// members with a handler for the name answer. Beyond Consul.
public struct PoolQuery: Hashable, Sendable {
    public var name = ""
    public var payload = Bytes()
    /// Limits the question to these members; empty for all.
    public var nodes: [String] = []
    /// Tag to regular expression: limits the question to members whose tags match all.
    public var tags: [String: String] = [:]
    /// Members confirm the receipt.
    public var wantsAcks = false
    /// Members that also carry each answer, 0...5.
    public var relayFactor = 0
    /// Zero for the pool's default, which grows with its logarithm.
    public var timeout = GoDuration.zero
    public init() {}
}

/// The answers to a `PoolQuery`.
public struct PoolAnswers: Record, Hashable, Sendable {
    public struct Answer: Record, Hashable, Sendable {
        public var node = ""
        public var payload = Bytes()
        public init() {}

        public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("Node", &node)
            try visit.field("Payload", &payload)
        }
    }

    public var name = ""
    /// The live members of the pool when the question was sent.
    public var nodeCount = 0
    /// The members that confirmed the receipt, in order of arrival.
    public var acks: [String] = []
    public var answers: [Answer] = []
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("NumNodes", &nodeCount)
        try visit.field("Acks", &acks)
        try visit.field("Responses", &answers)
    }
}
