package import Memberlist
package import Primitives

/// A member of the pool as Serf shows it.
package struct SerfMember: Sendable, Hashable {
    /// Serf's numbers.
    package enum Status: UInt8, Sendable, Hashable {
        case none = 0
        case alive = 1
        /// Has announced its departure and still answers.
        case leaving = 2
        case left = 3
        case failed = 4

        package var name: String {
            switch self {
            case .none: "none"
            case .alive: "alive"
            case .leaving: "leaving"
            case .left: "left"
            case .failed: "failed"
            }
        }
    }

    package var name: String
    package var address: TransportAddress
    package var tags: [String: String]
    package var status: Status
    package var versions: VersionVector

    package init(
        name: String, address: TransportAddress, tags: [String: String] = [:],
        status: Status = .none, versions: VersionVector = .consul
    ) {
        self.name = name
        self.address = address
        self.tags = tags
        self.status = status
        self.versions = versions
    }
}
