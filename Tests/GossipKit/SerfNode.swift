package import Memberlist
package import Primitives
package import Serf

/// A node of Serf.
package struct SerfNode: PoolNode {
    package var core: SerfCore
    package let name: String
    private var nextTicket: SerfTicket = 1

    package init(_ core: SerfCore, name: String) {
        self.core = core
        self.name = name
    }

    package var memberCount: Int { core.statistics.members }
    package var healthScore: Int { core.statistics.healthScore }
    package var queuedCount: Int {
        let statistics = core.statistics
        return statistics.eventQueue + statistics.intentQueue + statistics.queryQueue
    }

    package func state(of name: String) -> KnownState? {
        guard let member = core.member(named: name) else { return nil }
        let state: MemberState =
            switch member.status {
            case .alive, .leaving, .none: .alive
            case .left: .left
            case .failed: .dead
            }
        return KnownState(state, incarnation: 0)
    }

    package mutating func start(now: Instant, into effects: inout Effects) {
        take(core.start(now: now), into: &effects)
    }

    package mutating func step(
        _ input: MemberlistInput, now: Instant, into effects: inout Effects
    ) {
        let directives =
            if case .tick = input {
                core.step(.tick, now: now)
            } else {
                core.step(.gossip(input), now: now)
            }
        take(directives, into: &effects)
    }

    /// Makes a request with a new ticket.
    package mutating func request(
        _ input: (SerfTicket) -> SerfInput, now: Instant, into effects: inout Effects
    ) {
        defer { nextTicket += 1 }
        take(core.step(input(nextTicket), now: now), into: &effects)
    }

    package mutating func join(
        _ address: TransportAddress, now: Instant, into effects: inout Effects
    ) {
        request({ .join([address], ignoresOldEvents: true, $0) }, now: now, into: &effects)
    }

    package mutating func leave(now: Instant, into effects: inout Effects) {
        request({ .leave($0) }, now: now, into: &effects)
    }

    private func take(_ directives: [SerfDirective], into effects: inout Effects) {
        for directive in directives {
            switch directive {
            case .gossip(let directive): effects.directives.append(directive)
            case .wake(let at): effects.directives.append(.wake(at: at))
            case .event(let event): observe(event, into: &effects)
            case .answer(_, .joined(let accepted, _)):
                effects.observations.append(.joinEnded(accepted: accepted))
            case .query(_, .response(let from, _)):
                effects.observations.append(.response(from: from))
            case .stop: effects.observations.append(.stopped)
            default: break
            }
        }
    }

    private func observe(_ event: SerfEvent, into effects: inout Effects) {
        switch event {
        case .member(let change, let member):
            switch change {
            case .join: effects.observations.append(.joined(member.name))
            case .leave: effects.observations.append(.gone(member.name, .left))
            case .failed: effects.observations.append(.gone(member.name, .dead))
            case .update: effects.observations.append(.updated(member.name))
            case .reap: break
            }
        case .user(let message): effects.observations.append(.event(message))
        case .query(let query): effects.observations.append(.query(query.id))
        }
    }
}
