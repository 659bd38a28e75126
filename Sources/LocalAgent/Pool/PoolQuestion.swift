internal import ConsulModel
internal import GossipNode
internal import Primitives
internal import Serf
internal import Wire

/// Asks the members of a pool and collects their answers.
struct PoolQuestion {
    let pool: GossipNode

    func ask(_ query: PoolQuery) async throws(ConsulError) -> PoolAnswers {
        // Serf's own questions change keys and judge names.
        if query.name.hasPrefix("_serf_"), query.name != "_serf_ping" {
            throw ConsulError(
                .badRequest, "Bad request: names that begin with _serf_ are reserved")
        }
        var request = QueryRequest(name: query.name, payload: query.payload.array)
        request.nodes = query.nodes
        request.tags = query.tags
        request.wantsAcks = query.wantsAcks
        request.relayFactor = UInt8(clamping: query.relayFactor)
        request.timeout = query.timeout
        var result = PoolAnswers()
        result.name = query.name
        result.nodeCount = pool.members.filter { $0.status == .alive }.count
        do throws(SerfError) {
            for await progress in try await pool.ask(request) {
                switch progress {
                case .ack(let member): result.acks.append(member)
                case .response(let member, let payload):
                    var answer = PoolAnswers.Answer()
                    answer.node = member
                    answer.payload = Bytes(payload)
                    result.answers.append(answer)
                case .ended: break
                }
                if isComplete(result, request) { break }
            }
        } catch {
            throw ConsulError(.badRequest, "Bad request: \(error)")
        }
        return result
    }

    /// Returns true when every live member has answered: only known without filters. Pings have
    /// acks and no answers.
    private func isComplete(_ result: PoolAnswers, _ request: QueryRequest) -> Bool {
        guard request.nodes.isEmpty, request.tags.isEmpty else { return false }
        let hasAcks = !request.wantsAcks || result.acks.count >= result.nodeCount
        let isPing = request.name == "_serf_ping"
        return hasAcks && (isPing || result.answers.count >= result.nodeCount)
    }
}

extension GossipNode {
    /// Starts a query. The stream ends with it; it is bounded by the members, which answer once
    /// each.
    func ask(_ request: QueryRequest) async throws(SerfError) -> AsyncStream<QueryProgress> {
        let (stream, feed) = AsyncStream<QueryProgress>.makeStream()
        _ = try await query(request) { progress in
            if progress == .ended { feed.finish() } else { feed.yield(progress) }
        }
        return stream
    }
}
