import Primitives

/// The bounds of remote execution; those of the protocol are Consul's own.
enum Limits {
    /// Bytes of one part of the output.
    static let partBytes = 4096
    /// What is less than a part is sent after so long without more.
    static let partIdle = GoDuration.milliseconds(500)
    /// A caller that wants to hear of a running job more often than this is told less often.
    static let heartbeatMin = GoDuration.milliseconds(100)
    /// Of the caller's session.
    static let sessionTTL = GoDuration.seconds(15)
    /// A write of a result is tried again so often, a while apart, where no leader is to be had.
    static let writeTriesMax = 10
    static let writeRetry = GoDuration.milliseconds(500)
    /// Bytes of a node filter that names nodes one by one: an event has 512 for everything.
    static let filterBytesMax = 240
    /// For each of the last requests of one who goes.
    static let partingTime = GoDuration.seconds(5)
}
