/// The bounds of memberlist's memory and work.
package enum Limits {
    /// Encoded tags of a member; HashiCorp's agents reject longer ones.
    package static let metaBytesMax = 512
    /// Parts of a compound: memberlist 0.2.2 cannot read 128 and more.
    package static let compoundPartsMax = 127
    /// Bytes of a datagram received: the largest that UDP carries.
    package static let datagramBytesMax = 65_536
    /// Bytes that one compressed datagram may inflate to.
    package static let inflatedPacketBytesMax = 1 << 20
    /// Compounds and compressed messages inside each other.
    package static let nestingMax = 4
    /// Bytes of a stream's frame, sealed or not: HashiCorp's bound.
    package static let frameBytesMax = 20 << 20
    /// Bytes that a stream's frame may inflate to.
    package static let inflatedFrameBytesMax = 40 << 20
    /// Nodes in one push/pull.
    package static let pushPullNodesMax = 1 << 20
    /// Members that one node remembers. More are refused: somebody floods the pool.
    package static let membersMax = 65_536
    /// Push/pulls that this node answers at the same time; HashiCorp's bound.
    package static let pushPullsMax = 128
    /// Bytes of one user message on a stream.
    package static let userStreamBytesMax = 1 << 20
    /// Indirect pings that this node relays at the same time; more are dropped.
    package static let relayedPingsMax = 1_024
}
