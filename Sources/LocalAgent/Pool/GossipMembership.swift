package import ConsulModel
package import GossipNode
package import Logging
internal import Primitives
package import Serf
internal import Synchronization
package import Vivaldi

/// The agent's part in its pools: the datacenter's (LAN), and for servers the one between
/// datacenters (WAN). Translates between Consul's records and Serf's.
///
/// Before `attach` the agent is alone: it is its own only member, and its events return at once.
package final class GossipMembership: Membership {
    private struct Pools {
        var lan: GossipNode?
        var wan: GossipNode?
        /// The highest Lamport time of an event seen, for the size of the next one.
        var eventTime: UInt64 = 1
    }

    private let lone: Member
    private let pools = Mutex(Pools())
    private let events: UserEventBuffer
    private let filters: EventFilters
    private let responders: Responders
    private let feed: MemberFeed
    private let questions: PoolQuestions
    private let logger: Logger

    /// - Parameter member: this agent before it gossips.
    package init(
        member: Member, events: UserEventBuffer, local: LocalState, responders: Responders,
        feed: MemberFeed, questions: PoolQuestions, logger: Logger
    ) {
        lone = member
        self.events = events
        filters = EventFilters(nodeName: member.name, local: local)
        self.responders = responders
        self.feed = feed
        self.questions = questions
        self.logger = logger
    }

    /// Sets the pools, once they have started.
    package func attach(lan: GossipNode?, wan: GossipNode?) {
        pools.withLock { ($0.lan, $0.wan) = (lan, wan) }
        guard let lan else { return }
        feed.attach { lan.members.map { Member($0) } }
        questions.attach { [logger] id, payload in
            Task {
                do throws(SerfError) {
                    try await lan.respond(to: id, payload: payload)
                } catch {
                    logger.warning(
                        "failed to answer a question", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    package var lan: GossipNode? { pools.withLock { $0.lan } }
    package var wan: GossipNode? { pools.withLock { $0.wan } }

    // MARK: Members

    package var localMember: Member { lan.map { Member($0.localMember) } ?? lone }

    package var coordinate: Coordinate { lan?.coordinate ?? .origin }

    package func members(wan isWAN: Bool) -> [Member] {
        guard isWAN else { return lan?.members.map { Member($0) } ?? [lone] }
        return wan?.members.map { Member($0) } ?? []
    }

    package func join(_ addresses: [String], wan isWAN: Bool) async throws(ConsulError) -> Int {
        guard let pool = isWAN ? wan : lan else {
            throw ConsulError(
                .internal,
                isWAN
                    ? "WAN join is only possible on servers with a serf_wan port"
                    : "this agent does not gossip: ports.serf_lan is -1")
        }
        // An address without a port means the same port as this node's.
        let result = await pool.join(addresses, defaultPort: Int(pool.port))
        guard result.joined > 0 else {
            throw ConsulError(.internal, ErrorText.list(result.failures))
        }
        return result.joined
    }

    /// Moves a failed member to left, in both pools.
    package func forceLeave(_ node: String, prune: Bool) async throws(ConsulError) {
        let (lan, wan) = pools.withLock { ($0.lan, $0.wan) }
        // The WAN's names end with the datacenter.
        let suffix = ".\(lone.tags["dc"] ?? "")"
        let wanName = node.hasSuffix(suffix) ? node : node + suffix
        let isInLAN = lan?.members.contains { $0.name == node } == true
        let isInWAN = wan?.members.contains { $0.name == wanName || $0.name == node } == true
        guard isInLAN || isInWAN else {
            throw ConsulError(.internal, "agent: No node found with name '\(node)'")
        }
        do throws(SerfError) {
            if isInLAN { try await lan?.forceLeave(node, prunes: prune) }
            if isInWAN {
                let name = wan?.members.contains { $0.name == node } == true ? node : wanName
                try await wan?.forceLeave(name, prunes: prune)
            }
        } catch {
            throw ConsulError(.internal, "\(error)")
        }
    }

    package func leave() async {
        let (lan, wan) = pools.withLock { ($0.lan, $0.wan) }
        await wan?.leave()
        await lan?.leave()
    }

    /// Closes the sockets of both pools.
    package func stop() async {
        let (lan, wan) = pools.withLock { ($0.lan, $0.wan) }
        await wan?.stop()
        await lan?.stop()
    }

    // MARK: Questions and keys

    package func query(_ query: PoolQuery) async throws(ConsulError) -> PoolAnswers {
        guard let lan else {
            throw ConsulError(.internal, "this agent does not gossip: ports.serf_lan is -1")
        }
        return try await PoolQuestion(pool: lan).ask(query)
    }

    package func keyring(
        _ operation: KeyringOperation, relayFactor: Int, isLocalOnly: Bool
    ) async throws(ConsulError) -> [KeyringReport] {
        guard lone.tags["role"] == "consul" else {
            throw ConsulError(.internal, "keyring operations must run against a server node")
        }
        let (lan, wan) = pools.withLock { ($0.lan, $0.wan) }
        var reports: [KeyringReport] = []
        for (pool, isWAN) in [(isLocalOnly ? nil : wan, true), (lan, false)] {
            guard let pool else { continue }
            var report = await KeyringManager(pool: pool).run(operation, relayFactor: relayFactor)
            report.isWAN = isWAN
            report.datacenter = lone.tags["dc"] ?? ""
            reports.append(report)
        }
        return reports
    }

    // MARK: Events

    package func fire(_ event: UserEvent) throws(ConsulError) {
        let (lan, time) = pools.withLock { ($0.lan, $0.eventTime) }
        if let excess = EventSize.excess(event, lTime: time + 1, most: Limits.userEventBytesMax) {
            throw ConsulError(
                .internal,
                ErrorText.list(["error broadcasting event to segment \"\": \(excess)"]))
        }
        guard let lan else {
            let next = pools.withLock { pools in
                pools.eventTime += 1
                return pools.eventTime
            }
            return deliver(event, at: next)
        }
        lan.fire(
            name: EventPayload.namePrefix + event.name, payload: EventPayload.encode(event),
            coalesces: false
        ) { [logger] refusal in
            guard let refusal else { return }
            logger.error("failed to fire an event", metadata: ["error": "\(refusal)"])
        }
    }

    /// Receives an event of the LAN pool. Does not block.
    package func receive(_ event: SerfEvent) {
        switch event {
        case .member: feed.markChanged()
        case .query(let query): questions.receive(query)
        case .user(let message): receive(message)
        }
    }

    private func receive(_ message: UserMessage) {
        pools.withLock { $0.eventTime = max($0.eventTime, message.lTime) }
        // Names without the prefix are other programs'.
        guard message.name.hasPrefix(EventPayload.namePrefix) else { return }
        do {
            let event = try EventPayload.decode(message.payload)
            deliver(event, at: message.lTime)
        } catch {
            logger.error("failed to decode event", metadata: ["error": "\(error)"])
        }
    }

    /// Passes an event that concerns this node to its responder or appends it to the buffer.
    private func deliver(_ event: UserEvent, at time: UInt64) {
        var event = event
        event.lTime = time
        do throws(ConsulError) {
            guard try filters.match(event) else { return }
        } catch {
            return logger.error(
                "failed to parse a filter of an event",
                metadata: [
                    "event": "\(event.name)", "error": "\(error.message)",
                ])
        }
        if !responders.respond(to: event) { events.append(event) }
    }
}
