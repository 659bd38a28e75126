internal import Wire

/// The payload of a key query (type 7).
struct KeyRequestRecord: Record, Hashable, Sendable {
    var key = Bytes()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Key", &key)
    }
}

/// The payload of the answer to a key query (type 8).
struct KeyResponseRecord: Record, Hashable, Sendable {
    var result = false
    /// The reason of a failure, or a remark.
    var message = ""
    /// Base64; nil unless they were requested.
    var keys: [String]?
    var primaryKey = ""
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Result", &result)
        try visit.field("Message", &message)
        try visit.field("Keys", &keys)
        try visit.field("PrimaryKey", &primaryKey)
    }
}

/// Reads and writes the messages about keys, for the protocol on top, which sends the queries of
/// `InternalQuery` and counts the answers.
package enum KeyMessage {
    /// A member's answer to a key query.
    package struct Response: Sendable, Hashable {
        package var result: Bool
        /// The reason of a failure, or a remark.
        package var message: String
        /// The installed keys in base64, of a list.
        package var keys: [String]
        package var primaryKey: String
    }

    /// Returns the payload of a key query.
    ///
    /// - Parameter key: empty for a list.
    package static func request(_ key: [UInt8]) -> [UInt8] {
        var record = KeyRequestRecord()
        record.key = Bytes(key)
        return SerfMessageType.keyRequest.encode(record)
    }

    /// Returns the answer in the payload of a response; nil for any other payload.
    package static func response(_ payload: [UInt8]) -> Response? {
        guard
            let record = try? SerfMessageType.decode(
                .keyResponse, KeyResponseRecord.self, from: payload)
        else { return nil }
        return Response(
            result: record.result, message: record.message, keys: record.keys ?? [],
            primaryKey: record.primaryKey)
    }
}
