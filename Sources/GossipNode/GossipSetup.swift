package import Logging
package import Memberlist
package import Primitives
package import Serf

/// The parts of a node of one pool.
package struct GossipSetup: Sendable {
    /// Unique in the pool.
    package var name: String
    /// The address of the sockets, `0.0.0.0` for all. Port 0 lets the system choose.
    package var bind: TransportAddress
    /// The address under which the others reach this node; port 0 is the bound one.
    package var advertise: TransportAddress
    package var tags: [String: String]
    package var options: SerfOptions
    /// Encryption, compression and label; its keyring is replaced by that of the keyring file.
    package var codec = PacketCodec()
    /// The path of the keyring file; nil keeps changes in memory.
    package var keyringPath: String?
    /// The path of the snapshot file; nil for none.
    package var snapshotPath: String?
    /// Networks whose members may gossip; empty for all.
    package var allowed: [CIDRBlock] = []
    package var seed: UInt64
    package var logger: Logger
    /// Receives memberlist's lines; `logger` has Serf's.
    package var memberlistLogger: Logger
    package var metrics = GossipMetrics()
    /// Receives the events of the pool, on the node's event loop; must not block.
    package var onEvent: @Sendable (SerfEvent) -> Void = { _ in }
    /// Reports that this node ended by itself: another node has its name.
    package var onStop: @Sendable (SerfError) -> Void = { _ in }

    package init(
        name: String, bind: TransportAddress, advertise: TransportAddress,
        tags: [String: String], options: SerfOptions, seed: UInt64, logger: Logger
    ) {
        self.name = name
        self.bind = bind
        self.advertise = advertise
        self.tags = tags
        self.options = options
        self.seed = seed
        self.logger = logger
        memberlistLogger = logger
    }
}
