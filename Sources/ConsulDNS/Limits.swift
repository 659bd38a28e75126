package import Primitives

/// The bounds of this target, each with its reason.
package enum Limits {
    /// How far behind the leader an answer must be to be counted as stale: Consul's.
    static let notablyStale = GoDuration.seconds(5)
    /// Answers of a service over UDP without EDNS, whatever `udp_answer_limit` says: Consul's.
    package static let udpAnswersMax = 8
    /// Records in one answer over TCP: more do not fit 64 KiB.
    package static let tcpAnswersMax = 4096
    /// The same for SRV records, which are longer.
    package static let tcpServiceAnswersMax = 1024
    /// Octets of an answer over TCP: 64 KiB less the header, as Consul counts.
    package static let tcpBytesMax = 65_523
    /// Octets of a datagram over IPv4, whatever a client says that it takes.
    package static let datagramBytesMax = 65_507
    /// Servers in an answer about the zone itself.
    static let nameServersMax = 3
    /// Records behind one CNAME, for a client without EDNS.
    static let chasedRecordsMax = 5
    /// Steps from a name of this domain to another one.
    static let chaseDepthMax = 3
    /// Names that one question may make us resolve. Each can cost a recursor's time-out.
    static let chasedNamesMax = 16
    /// Questions with recursors at once, each with a socket; further ones fail at once.
    package static let recursionsMax = 1024
    /// Connections over TCP at once; further ones are closed.
    package static let connectionsMax = 2048
    /// Those of one address: a quarter, so that no client alone keeps the others out.
    package static let connectionsPerClientMax = 512
    /// Questions of one connection that wait for their answers; then no more is read from it.
    static let pipelinedMax = 64
    /// A connection over which nothing is asked: RFC 7766 leaves it to us, Consul takes 8 s.
    package static let idleTimeout = GoDuration.seconds(8)
    /// Answers that each loop keeps; a power of two. Some thousand questions are asked again and
    /// again on even a large node; one takes a kilobyte or two.
    static let keptAnswersMax = 4096
    /// Records of an answer that is kept: larger ones are rare, and cost more to write than to
    /// find.
    static let keptRecordsMax = 64
    /// Octets of a question that is kept with its answer: a name and EDNS.
    static let keptQuestionBytesMax = 512
    /// Octets of answers that are collected before they are sent.
    static let batchBytesMax = 64 << 10
    /// Zone transfers at once: each reads the whole catalog.
    static let transfersMax = 4
    /// Octets of one message of a transfer, about: names beyond 16 KiB could not be pointed to.
    static let transferBytesMax = 15_000
    /// Nodes and services looked at before a transfer lets others have the loop.
    static let transferStepsMax = 64
    /// Secondaries that are told of changes.
    static let secondariesMax = 16
    /// Time between two rounds of telling them, however often the catalog changes. Above a second,
    /// so that the serial number, which is the time, has risen.
    package static let notifyInterval = GoDuration.seconds(5)
    /// How often a secondary that does not answer is told, and how long each time is waited.
    static let notifyAttemptsMax = 3
    static let notifyTimeout = GoDuration.seconds(2)
    /// The wait before a failed query of the zone's changes is put again.
    static let notifyBackOff = BackOff(constant: .seconds(2))
    /// Datagrams taken from the kernel in one call.
    static let datagramsPerRead = 32
    /// Octets of a question over UDP. EDNS options and a name take some hundred.
    static let questionBytesMax = 4096
    /// Bytes that the kernel keeps of datagrams not yet read: some thousand questions.
    static let receiveBufferBytes = 4 << 20
}
