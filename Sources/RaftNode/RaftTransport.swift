package import Raft

/// How a node reaches the others. What it receives it reports to the node as `Input.request`,
/// `.reply` and `.failed`. Calls come from the node's thread and must not block.
package protocol RaftTransport: AnyObject, Sendable {
    func send(_ request: Request, to peer: Peer, exchange: Exchange)
    func reply(_ reply: Reply, exchange: Exchange)
    /// Sends the request and, behind it, what `source` gives.
    func sendSnapshot(
        _ request: InstallSnapshot, to peer: Peer, exchange: Exchange,
        source: @escaping @Sendable () throws -> [UInt8]?)
    /// Hands the contents that come with a request to `take`, piece by piece and then nil, on one
    /// thread; throws into `fail` what cut them off.
    func receiveContents(
        of exchange: Exchange, take: @escaping @Sendable ([UInt8]?) -> Void,
        fail: @escaping @Sendable (any Error) -> Void)
}

/// A group of one.
package final class NoTransport: RaftTransport {
    /// Told that nobody could be reached.
    private let unreachable: @Sendable (Exchange) -> Void

    package init(unreachable: @escaping @Sendable (Exchange) -> Void = { _ in }) {
        self.unreachable = unreachable
    }

    package func send(_ request: Request, to peer: Peer, exchange: Exchange) {
        unreachable(exchange)
    }
    package func reply(_ reply: Reply, exchange: Exchange) {}
    package func sendSnapshot(
        _ request: InstallSnapshot, to peer: Peer, exchange: Exchange,
        source: @escaping @Sendable () throws -> [UInt8]?
    ) { unreachable(exchange) }
    package func receiveContents(
        of exchange: Exchange, take: @escaping @Sendable ([UInt8]?) -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) {}
}
