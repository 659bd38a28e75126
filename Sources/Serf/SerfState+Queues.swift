internal import Memberlist
internal import Primitives

extension SerfState {
    /// The bound on each queue at the periodic check.
    var queueDepthMax: Int { max(2 * table.count, options.queueDepthMin) }

    /// Queues a message for gossip. A message that fits into no datagram is not queued: it would
    /// never be sent.
    mutating func gossip(
        _ message: [UInt8], on kind: GossipQueues.Kind, ticket: UInt64? = nil
    ) {
        guard message.count < options.memberlist.packetBytesMax else { return }
        queues[kind].append(message, ticket: ticket)
        if queues[kind].count > queueDepthMax * Limits.queueOverflowFactor { prune(kind) }
    }

    /// Logs deep queues and prunes those beyond the bound.
    mutating func checkQueues() {
        for kind in GossipQueues.Kind.allCases {
            let depth = queues[kind].count
            if depth >= Limits.queueDepthWarning {
                note(.warning, "serf.queue.deep", "\(kind.name) queue depth: \(depth)")
            }
            if depth > queueDepthMax { prune(kind) }
        }
    }

    private mutating func prune(_ kind: GossipQueues.Kind) {
        let limit = queueDepthMax
        let depth = queues[kind].count
        queues[kind].prune(to: limit)
        note(
            .warning, "serf.queue.pruned",
            "\(kind.name) queue depth (\(depth)) exceeds limit (\(limit)), dropping messages!")
    }

    /// Sends a datagram to one node. To this node itself it is handed over at once.
    mutating func send(_ message: [UInt8], to destination: TransportAddress, now: Instant) {
        if destination == address {
            receive(message, now: now)
        } else {
            requests.append(.send(message, to: destination))
        }
    }
}
