internal import Primitives

/// The bounds of the shell's memory and work.
enum Limits {
    /// Streams of other nodes that are open at the same time: memberlist's push/pulls plus pings.
    static let incomingStreamsMax = 192
    /// Bytes of a datagram: the largest that UDP carries.
    static let datagramBytesMax = 65_536
    /// Streams that this node has open at the same time; a flood of forged members must not exhaust
    /// the descriptors.
    static let outgoingStreamsMax = 256
    /// Bytes of a keyring file: a thousand keys.
    static let keyringFileBytesMax = 64 << 10
    /// Bytes of a snapshot file that are read: a million members.
    static let snapshotFileBytesMax = 128 << 20
    /// The wait before lines are written to the snapshot file, which loses them in a crash.
    static let snapshotDelay = GoDuration.milliseconds(500)
    /// Notes of one kind that are logged within `notesPeriod`; the others are counted.
    static let notesMax = 5
    static let notesPeriod = GoDuration.seconds(10)
    /// The age that the published figures may have.
    static let publishInterval = GoDuration.seconds(1)
    /// Members up to which each change is published at once; with more, changes within
    /// `publishChangesInterval` are published together.
    static let cheapMembersMax = 64
    static let publishChangesInterval = GoDuration.milliseconds(50)
    /// Attempts to find a port that is free for both protocols, when the system chooses it.
    static let portAttempts = 16
    /// Bytes that the kernel holds for datagrams not yet read, memberlist's value.
    static let receiveBufferBytes = 2 << 20
    /// Addresses of one name that a join contacts.
    static let addressesPerNameMax = 32
}
