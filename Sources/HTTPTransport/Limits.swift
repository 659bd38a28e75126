package import Primitives

/// The bounds of this target, each with its reason.
package enum Limits {
    /// Request line and headers: Go's default, which Consul's clients with long filters rely on.
    package static let headerBytesMax = 1024 * 1024
    /// Header fields of one request.
    package static let headerFieldsMax = 1000
    /// The line before a chunk, with its rarely used extensions: as in Go.
    static let chunkLineBytesMax = 4096
    /// A body when the handler sets no other bound: that of a key's value in Consul.
    package static let bodyBytesMaxDefault = 512 * 1024
    /// The size from which a body can be received into a file.
    static let bodyBytesInMemory = 8 * 1024 * 1024
    /// Concurrent bodies in files, of one server: each may have the size of a whole state.
    static let bodyFilesMax = 4
    /// The bytes of such a body that are read in one call.
    static let bodyPieceBytes = 256 * 1024
    /// `O_TMPFILE`, which the C library's headers hide from Swift.
    static let temporaryFileFlag: Int32 = 0o20_200_000
    /// From the first byte of a request (or the connection) to the end of its headers: a slower
    /// client is broken or hostile.
    package static let headerTimeout = GoDuration.seconds(10)
    /// `limits.https_handshake_timeout`: from the connection to the end of its TLS handshake.
    package static let handshakeTimeout = GoDuration.seconds(5)
    /// Between two parts of a body.
    package static let bodyTimeout = GoDuration.seconds(30)
    /// From the end of the headers to the end of the body, however its parts arrive: 512 KiB on a
    /// line of 2 KB/s.
    package static let bodyTotalTimeout = GoDuration.seconds(300)
    /// Between two requests: above the 90 s after which Go's clients drop a connection themselves.
    package static let idleTimeout = GoDuration.seconds(180)
    /// The time that a client may leave its responses unread.
    package static let writeStallTimeout = GoDuration.seconds(60)
    /// Pending requests of one connection, after which it is not read.
    package static let pipelinedMax = 16
    /// Connections of one server, all clients together: a third of a usual descriptor limit of 65k.
    package static let connectionsMax = 20_000
    /// `limits.http_max_conns_per_client`.
    package static let connectionsPerClientMax = 200
    /// Connections that are being sent a refusal; further ones are closed without an answer.
    static let refusalsMax = 256
    /// Bytes read and discarded after a refusal, so that the client can read the answer.
    static let lingerBytesMax = 256 * 1024
    static let lingerTimeout = GoDuration.seconds(2)
    /// Bytes of a streamed response that wait for a slow client; chunks beyond it are refused.
    package static let streamQueuedBytesMax = 1024 * 1024
    /// Buffers that a loop keeps for its next answers, as many as one turn of it may use; and the
    /// bytes of each: a larger answer has its own.
    static let scratches = 32
    static let scratchBytesMax = 2 * 1024
    /// Connections whose answers wait for the end of the loop's turn.
    static let unflushedMax = 32
    /// Smaller bodies are not compressed: they fit one packet uncompressed.
    static let gzipBytesMin = 1024
    /// Speed matters more than the last percent.
    static let gzipLevel: Int32 = 1
    /// The interval between sweeps of deadlines, which need no precision.
    static let sweepEvery = GoDuration.seconds(1)
    /// A client's response body when its caller gives no bound.
    package static let clientBodyBytesMax = 64 * 1024 * 1024
    /// Bytes read beyond the kept part before the connection is dropped instead.
    static let clientSkippedBytesMax = 1024 * 1024
    /// The head of a response to a probe: a tenth of the bound of Go's client, and far beyond the
    /// heads of real servers.
    package static let responseHeadBytesMax = 1024 * 1024
    /// TLS configurations of probes whose context is cached; a node has a handful.
    static let tlsContextsMax = 16
    /// Redirects followed, as in Go.
    static let redirectsMax = 10
    /// Connections to one host; each blocking query holds one for minutes. Further calls wait.
    static let clientConnectionsPerHost = 1024
    /// A connection attempt whose call has no timeout: the bound of Go's dialer too.
    static let clientConnectTimeout = GoDuration.seconds(30)
}
