internal import NIOCore
internal import NIOPosix
internal import Primitives
package import Raft
package import RaftNode
internal import Synchronization

/// Carries messages between the Raft nodes of one process, and may delay or lose them.
package final class Network: Sendable {
    private struct State {
        var nodes: [ServerID: RaftNode] = [:]
        /// The nodes that neither send nor receive.
        var cutOff: Set<ServerID> = []
        /// The percentage of lost messages.
        var lost: UInt64 = 0
        /// The number of snapshots to cut off in transit.
        var snapshotsCut = 0
        var random = SeededRandom(seed: 1)
        var nextExchange: ExchangeID = 1
        var asked: [ExchangeID: (ServerID, ExchangeID)] = [:]
        var contents: [ExchangeID: @Sendable () throws -> [UInt8]?] = [:]
    }
    private let state = Mutex(State())
    private let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let delay = TimeAmount.microseconds(500)

    package init() {}

    package func connect(_ id: ServerID, _ node: RaftNode) {
        state.withLock { $0.nodes[id] = node }
    }
    package func disconnect(_ id: ServerID) {
        state.withLock { _ = $0.nodes.removeValue(forKey: id) }
    }
    package func cutOff(_ ids: ServerID...) { state.withLock { $0.cutOff = Set(ids) } }
    package func lose(ofHundred count: UInt64) { state.withLock { $0.lost = count } }
    package func cutSnapshots(_ count: Int) { state.withLock { $0.snapshotsCut = count } }

    private func arrives(from: ServerID, at id: ServerID) -> RaftNode? {
        state.withLock { state in
            let isLost = state.lost > 0 && state.random.next() % 100 < state.lost
            if isLost || state.cutOff.contains(from) || state.cutOff.contains(id) { return nil }
            return state.nodes[id]
        }
    }

    package func send(
        _ request: Request, from: ServerID, to: ServerID, _ exchange: ExchangeID,
        contents: (@Sendable () throws -> [UInt8]?)? = nil
    ) {
        loop.scheduleTask(in: delay) { [self] in
            guard let target = arrives(from: from, at: to) else {
                let sender = state.withLock { $0.nodes[from] }
                sender?.receive(.failed(exchange: exchange))
                return
            }
            let number = state.withLock { state in
                defer { state.nextExchange += 1 }
                state.asked[state.nextExchange] = (from, exchange)
                state.contents[state.nextExchange] = contents
                return state.nextExchange
            }
            target.receive(.request(request, exchange: number))
        }
    }

    package func reply(_ reply: Reply, from: ServerID, _ number: ExchangeID) {
        guard let (to, exchange) = state.withLock({ $0.asked.removeValue(forKey: number) }) else {
            return
        }
        loop.scheduleTask(in: delay) { [self] in
            if let target = arrives(from: from, at: to) {
                target.receive(.reply(reply, exchange: exchange))
            } else {
                state.withLock { $0.nodes[to] }?.receive(.failed(exchange: exchange))
            }
        }
    }

    package func receive(
        _ number: ExchangeID, _ take: @escaping @Sendable ([UInt8]?) -> Void,
        _ fail: @escaping @Sendable (any Error) -> Void
    ) {
        let (source, isCut) = state.withLock { state in
            defer { state.snapshotsCut = max(0, state.snapshotsCut - 1) }
            return (state.contents.removeValue(forKey: number), state.snapshotsCut > 0)
        }
        guard let source else { return }
        @Sendable func step() {
            do {
                let piece = try source()
                take(piece)
                if isCut { throw CutOff() }
                if piece != nil { loop.scheduleTask(in: delay) { step() } }
            } catch {
                fail(error)
            }
        }
        loop.execute { step() }
    }
}

package final class NetworkTransport: RaftTransport {
    let network: Network
    let id: ServerID

    package init(_ network: Network, _ id: ServerID) {
        self.network = network
        self.id = id
    }

    package func send(_ request: Request, to peer: Peer, exchange: ExchangeID) {
        network.send(request, from: id, to: peer.id, exchange)
    }
    package func reply(_ reply: Reply, exchange: ExchangeID) {
        network.reply(reply, from: id, exchange)
    }
    package func sendSnapshot(
        _ request: InstallSnapshot, to peer: Peer, exchange: ExchangeID,
        source: @escaping @Sendable () throws -> [UInt8]?
    ) {
        network.send(.snapshot(request), from: id, to: peer.id, exchange, contents: source)
    }
    package func receiveContents(
        of exchange: ExchangeID, take: @escaping @Sendable ([UInt8]?) -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) { network.receive(exchange, take, fail) }
}

/// The fault of a snapshot that the network cut off.
private struct CutOff: Error {}
