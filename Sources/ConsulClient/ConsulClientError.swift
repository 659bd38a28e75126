/// Why an agent did not do what was asked.
package struct ConsulClientError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    /// The HTTP status, when there was one.
    package var status: Int?
    /// No answer came at all.
    package var isUnreachable: Bool

    package init(_ description: String, status: Int? = nil, isUnreachable: Bool = false) {
        self.description = description
        self.status = status
        self.isUnreachable = isUnreachable
    }
}
