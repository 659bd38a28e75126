public import Wire

/// A summary of the entries under a prefix, for comparing without reading them all: `?count` and
/// `?hash`.
public struct KVSummary: Record, Hashable, Sendable {
    /// The number of keys, and the total bytes of their values.
    public var count = 0
    public var bytes = 0
    /// SHA-256, in hexadecimal digits, over the entries in byte order of their keys: for each the
    /// length of its key (8 bytes, big-endian) and the key, its flags (8 bytes, big-endian), the
    /// length of its value (8 bytes, big-endian) and the value. Empty unless requested.
    public var hash = ""
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Count", &count)
        try visit.field("Bytes", &bytes)
        try visit.field("Hash", &hash, .omitEmpty)
    }
}
