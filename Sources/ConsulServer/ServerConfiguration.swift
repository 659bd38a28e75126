package import Primitives

/// What the endpoints are told of the agent's configuration.
package struct ServerConfiguration: Sendable {
    package var datacenter = "dc1"
    /// This server's address and port for other servers: `127.0.0.1:8300`.
    package var rpcAddress = ""
    /// How long a blocking query waits when it does not say, and at most.
    package var defaultQueryTime = GoDuration.seconds(300)
    package var maxQueryTime = GoDuration.seconds(600)
    package var waitersMax = Limits.waitersMax
    /// Where the chance in waits comes from.
    package var seed: UInt64 = 0
    package init() {}
}
