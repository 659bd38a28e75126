package import Primitives

/// A member as memberlist knows it.
package struct PoolMember: Sendable, Hashable {
    package var name: String
    package var address: TransportAddress
    /// Opaque bytes of the protocol on top (Serf's tags), at most `Limits.metaBytesMax`.
    package var meta: [UInt8]
    package var versions: VersionVector
    package var incarnation: UInt32
    package var state: MemberState
    package var changedAt: Instant

    package init(
        name: String, address: TransportAddress, meta: [UInt8] = [],
        versions: VersionVector = .consul, incarnation: UInt32 = 0, state: MemberState = .alive,
        changedAt: Instant = .zero
    ) {
        self.name = name
        self.address = address
        self.meta = meta
        self.versions = versions
        self.incarnation = incarnation
        self.state = state
        self.changedAt = changedAt
    }
}
