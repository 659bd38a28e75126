internal import Memberlist
internal import Primitives
internal import Wire

extension SerfState: MemberlistDelegate {
    // MARK: Messages

    mutating func receiveUserMessage(_ message: ArraySlice<UInt8>, now: Instant) {
        guard phase != .ended else { return }
        receive(Array(message), now: now)
    }

    /// Handles one message. A first byte out of range is counted and ignored.
    mutating func receive(_ message: [UInt8], now: Instant) {
        guard let first = message.first else { return }
        do {
            switch SerfMessageType(rawValue: first) {
            case .leave: try receiveLeave(message, now: now)
            case .join: try receiveJoin(message, now: now)
            case .userEvent: try receiveUserEvent(message)
            case .query: try receiveQuery(message, now: now)
            case .queryResponse:
                receive(try SerfMessageType.decode(.queryResponse, from: message), now: now)
            case .relay: try relay(message, now: now)
            case .pushPull, .conflictResponse, .keyRequest, .keyResponse, nil:
                note(
                    .warning, "serf.message.unknown",
                    "Received message of unknown type: \(first)")
            }
        } catch {
            note(
                .error, "serf.message.invalid",
                "Error decoding message of type \(first): \(error)")
        }
    }

    private mutating func receiveLeave(_ message: [UInt8], now: Instant) throws {
        let intent: LeaveIntent = try SerfMessageType.decode(.leave, from: message)
        guard apply(intent, now: now) else { return }
        note(.debug, "serf.message.leave", "messageLeaveType: \(intent.node)")
        gossip(message, on: .intents)
    }

    private mutating func receiveJoin(_ message: [UInt8], now: Instant) throws {
        let intent: JoinIntent = try SerfMessageType.decode(.join, from: message)
        guard apply(intent, now: now) else { return }
        note(.debug, "serf.message.join", "messageJoinType: \(intent.node)")
        gossip(message, on: .intents)
    }

    private mutating func receiveUserEvent(_ message: [UInt8]) throws {
        let event: UserEventRecord = try SerfMessageType.decode(.userEvent, from: message)
        guard apply(event) else { return }
        note(.debug, "serf.message.event", "messageUserEventType: \(event.name)")
        gossip(message, on: .events)
    }

    private mutating func receiveQuery(_ message: [UInt8], now: Instant) throws {
        let query: QueryRecord = try SerfMessageType.decode(.query, from: message)
        guard apply(query, now: now) else { return }
        note(.debug, "serf.message.query", "messageQueryType: \(query.name)")
        gossip(message, on: .queries)
    }

    /// Returns messages in Serf's order: intents, queries, events.
    mutating func broadcasts(
        overhead: Int, limit: Int, memberCount: Int
    ) -> [[UInt8]] {
        if queues.isEmpty { return [] }
        let transmissions = TransmitLimitedQueue.retransmits(
            multiplier: options.memberlist.retransmitMultiplier, memberCount: table.count)
        return queues.take(overhead: overhead, limit: limit, transmissionsMax: transmissions)
    }

    // MARK: Judgements

    func refusal(ofAlive member: PoolMember) -> String? {
        options.refusal(shown(member))
    }

    func refusal(ofMerge members: [PoolMember]) -> String? {
        options.mergeRefusal(members.map { shown($0) })
    }

    /// Returns a member as the protocol on top judges it.
    private func shown(_ member: PoolMember) -> SerfMember {
        SerfMember(
            name: member.name, address: member.address, tags: decodeTags(of: member),
            status: member.state == .left ? .left : .none, versions: member.versions)
    }

    /// Decodes the tags, unless they are known.
    func decodeTags(of member: PoolMember) -> [String: String] {
        if let known = table[member.name], known.meta == member.meta { return known.member.tags }
        return Tags.decode(member.meta) ?? [:]
    }

    // MARK: Ends

    mutating func pushPullEnded(
        _ stream: OutgoingStream, isJoin: Bool, failure: String?, now: Instant
    ) {
        exchangeEnds.append(ExchangeEnd(stream: stream, failure: failure))
    }

    mutating func leaveEnded(now: Instant) { leaveHasEnded = true }
}
