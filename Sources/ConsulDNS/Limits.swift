package import Primitives

/// The bounds of this target, each with its reason.
package enum Limits {
    /// The lag behind the leader from which an answer counts as stale: Consul's.
    static let notablyStale = GoDuration.seconds(5)
    /// Answers of a service over UDP without EDNS, whatever `udp_answer_limit` is: Consul's.
    package static let udpAnswersMax = 8
    /// Records in one answer over TCP: more do not fit 64 KiB.
    package static let tcpAnswersMax = 4096
    /// SRV records in one answer over TCP, which are longer.
    package static let tcpServiceAnswersMax = 1024
    /// Octets of an answer over TCP: 64 KiB less the header, as Consul counts.
    package static let tcpBytesMax = 65_523
    /// Octets of a datagram over IPv4, whatever size a client accepts.
    package static let datagramBytesMax = 65_507
    /// Servers in an answer about the zone itself.
    static let nameServersMax = 3
    /// Records of one CNAME's target, for a client without EDNS.
    static let chasedRecordsMax = 5
    /// Names of this domain that are followed from one to another.
    static let chaseDepthMax = 3
    /// Names that one question may require to resolve. Each can cost a recursor's timeout.
    static let chasedNamesMax = 16
    /// Concurrent questions to recursors, each with a socket; further ones fail at once.
    package static let recursionsMax = 1024
    /// Concurrent TCP connections; further ones are closed.
    package static let connectionsMax = 2048
    /// Connections of one address: a quarter, so that one client cannot exclude the others.
    package static let connectionsPerClientMax = 512
    /// Pending questions of one connection, after which it is not read.
    static let pipelinedMax = 64
    /// The timeout of an idle connection: RFC 7766 leaves it to the server, Consul uses 8 s.
    package static let idleTimeout = GoDuration.seconds(8)
    /// Cached answers of each loop; a power of two. Even a large node repeats some thousand
    /// questions; one takes a kilobyte or two.
    static let keptAnswersMax = 4096
    /// Records of a cached answer: larger ones are rare, and cost more to encode than to find.
    static let keptRecordsMax = 64
    /// Octets of a question in the cache: a name and EDNS.
    static let keptQuestionBytesMax = 512
    /// Octets of answers that are collected before they are sent.
    static let batchBytesMax = 64 << 10
    /// Concurrent zone transfers: each reads the whole catalog.
    static let transfersMax = 4
    /// Approximate octets of one message of a transfer: names beyond 16 KiB cannot be compressed.
    static let transferBytesMax = 15_000
    /// Nodes and services read before a transfer yields the loop.
    static let transferStepsMax = 64
    /// Secondaries that are notified of changes.
    static let secondariesMax = 16
    /// The time between two notifications, however often the catalog changes. Above a second, so
    /// that the serial number, which is the time, has risen.
    package static let notifyInterval = GoDuration.seconds(5)
    /// Attempts to notify a secondary, and the timeout of each.
    static let notifyAttemptsMax = 3
    static let notifyTimeout = GoDuration.seconds(2)
    /// The wait before a failed query of the zone's changes is retried.
    static let notifyBackOff = BackOff(constant: .seconds(2))
    /// Datagrams read in one system call.
    static let datagramsPerRead = 32
    /// Octets of a question over UDP. EDNS options and a name take some hundred.
    static let questionBytesMax = 4096
    /// Bytes of unread datagrams in the kernel: some thousand questions.
    static let receiveBufferBytes = 4 << 20
}
