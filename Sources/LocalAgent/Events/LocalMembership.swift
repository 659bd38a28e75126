import ConsulModel
import LocalAgent
import PluginAPI
import Synchronization
import Wire

/// A cluster of one: this agent. Events come straight back.
final class LocalMembership: Membership {
    let localMember: Member
    private let events: UserEventBuffer
    private let local: LocalState
    private let responders: Responders
    private let clock = Mutex<UInt64>(1)

    init(
        member: Member, events: UserEventBuffer, local: LocalState,
        responders: Responders
    ) {
        localMember = member
        self.events = events
        self.local = local
        self.responders = responders
    }

    /// In the pool between datacenters a server bears its datacenter's name too.
    func members(wan: Bool) -> [Member] {
        guard wan else { return [localMember] }
        guard let port = localMember.tags["wan_join_port"].flatMap({ Int($0) }) else { return [] }
        var member = localMember
        member.name += ".\(member.tags["dc"] ?? "")"
        member.port = port
        member.tags["wan_join_port"] = nil
        return [member]
    }

    func fire(_ event: UserEvent) throws(ConsulError) {
        let time = clock.withLock { $0 + 1 }
        if let excess = EventSize.excess(event, lTime: time, most: Limits.userEventBytesMax) {
            throw ConsulError(
                .internal,
                "1 error occurred:\n\t* error broadcasting event to segment \"\": \(excess)\n\n")
        }
        var event = event
        event.lTime = clock.withLock { time in
            time += 1
            return time
        }
        guard try isMeant(event) else { return }
        if !responders.take(event) { events.append(event) }
    }

    /// True when this node, and one of its services with one of its tags, match the event's
    /// filters.
    private func isMeant(_ event: UserEvent) throws(ConsulError) -> Bool {
        guard try matches(event.nodeFilter, [localMember.name]) else { return false }
        guard !event.serviceFilter.isEmpty else { return true }
        for service in local.services.values {
            guard try matches(event.serviceFilter, [service.service.service]) else { continue }
            if try matches(event.tagFilter, service.service.tags) { return true }
        }
        return false
    }

    private func matches(_ pattern: String, _ texts: [String]) throws(ConsulError) -> Bool {
        guard !pattern.isEmpty else { return true }
        do throws(TextPattern.Fault) {
            let pattern = try TextPattern(pattern)
            return texts.contains { pattern.matches($0) }
        } catch {
            throw ConsulError(.badRequest, "Invalid filter \"\(pattern)\": \(error)")
        }
    }

    func join(_ addresses: [String], wan: Bool) async throws(ConsulError) -> Int {
        throw ConsulError(
            .internal, "joining \(addresses.joined(separator: " ")): this agent has no gossip yet")
    }

    func forceLeave(_ node: String, prune: Bool) async throws(ConsulError) {
        throw ConsulError(.internal, "agent: No node found with name '\(node)'")
    }

    func leave() async {}
}
