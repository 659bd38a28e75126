/// The reason why a request to an agent failed.
public struct ConsulClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    /// The HTTP status, when there was one.
    public var status: Int?
    /// The agent could not be reached.
    public var isUnreachable: Bool

    public init(_ description: String, status: Int? = nil, isUnreachable: Bool = false) {
        self.description = description
        self.status = status
        self.isUnreachable = isUnreachable
    }
}
