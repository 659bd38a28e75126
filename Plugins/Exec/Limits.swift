import Primitives

/// The bounds of remote execution; those of the protocol are Consul's own.
enum Limits {
    /// Bytes of one part of the output.
    static let partBytes = 4096
    /// The delay after which an incomplete part is sent.
    static let partIdle = GoDuration.milliseconds(500)
    /// The least time between two empty parts of a running job, however short the caller's wait is.
    static let heartbeatMin = GoDuration.milliseconds(100)
    /// The TTL of the caller's session.
    static let sessionTTL = GoDuration.seconds(15)
    /// Attempts to write a result, with a pause between them, while there is no leader.
    static let writeTriesMax = 10
    static let writeRetry = GoDuration.milliseconds(500)
    /// Bytes of a node filter that names nodes one by one: an event has 512 in all.
    static let filterBytesMax = 240
    /// The timeout of each last request of an ending caller.
    static let lastRequestTimeout = GoDuration.seconds(5)
}
