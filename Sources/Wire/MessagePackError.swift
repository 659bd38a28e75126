/// The reason why bytes are not the expected MessagePack, and their offset.
public struct MessagePackError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The byte offset of the fault.
    public var offset: Int
    public var reason: String
    /// The input ended inside a value: more bytes may complete it.
    public var isTruncated: Bool

    @inlinable
    public init(offset: Int, reason: String, isTruncated: Bool = false) {
        self.offset = offset
        self.reason = reason
        self.isTruncated = isTruncated
    }

    public var description: String { "byte \(offset): \(reason)" }
}
