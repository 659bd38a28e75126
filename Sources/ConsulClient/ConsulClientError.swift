/// Why an agent did not do what was asked.
public struct ConsulClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    /// The HTTP status, when there was one.
    public var status: Int?
    /// No answer came at all.
    public var isUnreachable: Bool

    public init(_ description: String, status: Int? = nil, isUnreachable: Bool = false) {
        self.description = description
        self.status = status
        self.isUnreachable = isUnreachable
    }
}
