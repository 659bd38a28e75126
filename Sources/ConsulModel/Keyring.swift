public import Wire

/// An operation on the gossip keys of a datacenter (`/v1/operator/keyring`). Keys are base64 text.
public enum KeyringOperation: Hashable, Sendable {
    case list
    /// Adds a key, which decrypts from then on.
    case install(String)
    /// Makes an installed key the one that encrypts.
    case use(String)
    case remove(String)
}

/// The answers of one pool's members to a keyring operation.
public struct KeyringReport: Record, Hashable, Sendable {
    /// The pool between datacenters, or that of `datacenter`.
    public var isWAN = false
    public var datacenter = ""
    public var segment = ""
    /// Messages by member, mostly faults.
    public var messages: [String: String] = [:]
    /// The number of members that have each key.
    public var keys: [String: Int] = [:]
    /// The number of members that encrypt with each key.
    public var primaryKeys: [String: Int] = [:]
    public var nodeCount = 0
    /// Empty when every member answered without a fault.
    public var error = ""
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("WAN", &isWAN)
        try visit.field("Datacenter", &datacenter)
        try visit.field("Segment", &segment)
        try visit.field("Messages", &messages, .omitEmpty)
        try visit.field("Keys", &keys)
        try visit.field("PrimaryKeys", &primaryKeys)
        try visit.field("NumNodes", &nodeCount)
        try visit.field("Error", &error, .omitEmpty)
    }
}

/// The body of a keyring request.
public struct KeyringBody: Record, Hashable, Sendable {
    public var key = ""
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Key", &key)
    }
}
