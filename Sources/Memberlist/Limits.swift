/// The bounds of memberlist's memory and work.
package enum Limits {
    /// Encoded tags of a member; HashiCorp's agents reject longer ones.
    package static let metaBytesMax = 512
    /// Bytes of a member's name: that of a DNS name.
    package static let nameBytesMax = 255
    /// Parts of a compound: memberlist 0.2.2 cannot read 128 and more.
    package static let compoundPartsMax = 127
    /// Bytes of a datagram received: the largest that UDP carries.
    package static let datagramBytesMax = 65_536
    /// Bytes that all compressed parts of one datagram together may inflate to.
    package static let inflatedPacketBytesMax = 1 << 20
    /// Compounds and compressed messages inside each other. HashiCorp's agents send two.
    package static let nestingMax = 4
    /// Messages in one datagram, in compounds inside each other: a compound of empty compounds must
    /// not cost more than its bytes.
    package static let partsPerPacketMax = 4096
    /// Bytes of a stream's frame, sealed or not: HashiCorp's bound.
    package static let frameBytesMax = 20 << 20
    /// The type byte and the length before an encrypted frame.
    static let frameHeaderBytesMax = 5
    /// Bytes that a stream's frame may inflate to.
    package static let inflatedFrameBytesMax = 40 << 20
    /// Bytes of one record on a stream without encryption, which is skipped again when more bytes
    /// come. A member takes up to 900.
    static let recordBytesMax = 8 << 10
    /// Lists and maps inside each other in one record: memberlist's have none.
    static let recordDepthMax = 8
    /// Nodes in one push/pull.
    package static let pushPullNodesMax = 1 << 20
    /// Bytes of Serf's state in one push/pull: memberlist's bound.
    package static let userStateBytesMax = 20 << 20
    /// Members that one node remembers. More are rejected: forged members fill the pool.
    package static let membersMax = 65_536
    /// Bytes of one user message on a stream.
    package static let userStreamBytesMax = 1 << 20
    /// Indirect pings that this node relays at the same time; more are dropped.
    package static let relayedPingsMax = 1_024
    /// Messages about members that wait to be gossiped; the most transmitted are dropped first. A
    /// new one about the same member replaces the old one, so that more come from forged members
    /// alone.
    static let queuedMax = 2 * membersMax
    /// Keys in a keyring: each is tried for a packet that none opens.
    package static let keysMax = 1_024
    /// Bytes of a label; one byte holds their number.
    package static let labelBytesMax = 255
    /// Attempts to find a random member that fits, before all are examined in turn.
    static let randomPicksMax = 64
}
