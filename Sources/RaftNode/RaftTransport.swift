package import Raft

/// The node's connections to the other servers. A transport reports received messages to the node
/// as `Input.request`, `.reply` and `.failed`. Calls come from the node's thread and must not
/// block.
package protocol RaftTransport: AnyObject, Sendable {
    func send(_ request: Request, to peer: Peer, exchange: ExchangeID)
    func reply(_ reply: Reply, exchange: ExchangeID)
    /// Sends the request and, after it, the contents that `source` returns.
    func sendSnapshot(
        _ request: InstallSnapshot, to peer: Peer, exchange: ExchangeID,
        source: @escaping @Sendable () throws -> [UInt8]?)
    /// Passes the contents that come with a request to `take`, piece by piece and then nil, on one
    /// thread; calls `fail` with the error that cut them off.
    func receiveContents(
        of exchange: ExchangeID, take: @escaping @Sendable ([UInt8]?) -> Void,
        fail: @escaping @Sendable (any Error) -> Void)
}

/// The transport of a group of one.
package final class NoTransport: RaftTransport {
    /// Called with each exchange, since no server can be reached.
    private let unreachable: @Sendable (ExchangeID) -> Void

    package init(unreachable: @escaping @Sendable (ExchangeID) -> Void = { _ in }) {
        self.unreachable = unreachable
    }

    package func send(_ request: Request, to peer: Peer, exchange: ExchangeID) {
        unreachable(exchange)
    }
    package func reply(_ reply: Reply, exchange: ExchangeID) {}
    package func sendSnapshot(
        _ request: InstallSnapshot, to peer: Peer, exchange: ExchangeID,
        source: @escaping @Sendable () throws -> [UInt8]?
    ) { unreachable(exchange) }
    package func receiveContents(
        of exchange: ExchangeID, take: @escaping @Sendable ([UInt8]?) -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) {}
}
