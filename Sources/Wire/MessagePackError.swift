/// Why bytes are not the MessagePack that was asked for, and where.
public struct MessagePackError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes before the place.
    public var offset: Int
    public var reason: String
    /// The bytes ended inside a value: more of them may mend it.
    public var isTruncated: Bool

    @inlinable
    public init(offset: Int, reason: String, isTruncated: Bool = false) {
        self.offset = offset
        self.reason = reason
        self.isTruncated = isTruncated
    }

    public var description: String { "byte \(offset): \(reason)" }
}
