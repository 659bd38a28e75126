package import ConsulModel
import PluginAPI
import Synchronization
import Wire

/// Provides the membership of a cluster of one agent: fired events return to it at once.
package final class LocalMembership: Membership {
    package let localMember: Member
    private let events: UserEventBuffer
    private let local: LocalState
    private let responders: Responders
    private let clock = Mutex<UInt64>(1)

    package init(
        member: Member, events: UserEventBuffer, local: LocalState,
        responders: Responders
    ) {
        localMember = member
        self.events = events
        self.local = local
        self.responders = responders
    }

    /// Returns the members of a pool. In the pool between datacenters, the name of a server ends
    /// with its datacenter.
    package func members(wan: Bool) -> [Member] {
        guard wan else { return [localMember] }
        guard let port = localMember.tags["wan_join_port"].flatMap({ Int($0) }) else { return [] }
        var member = localMember
        member.name += ".\(member.tags["dc"] ?? "")"
        member.port = port
        member.tags["wan_join_port"] = nil
        return [member]
    }

    /// Checks an event's size, then passes it to its responder or appends it to the buffer, if its
    /// filters match this node.
    package func fire(_ event: UserEvent) throws(ConsulError) {
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
        guard try matchesFilters(event) else { return }
        if !responders.respond(to: event) { events.append(event) }
    }

    /// Returns true when the event's filters match this node, and one of its services with one of
    /// its tags.
    private func matchesFilters(_ event: UserEvent) throws(ConsulError) -> Bool {
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

    package func join(_ addresses: [String], wan: Bool) async throws(ConsulError) -> Int {
        throw ConsulError(
            .internal, "joining \(addresses.joined(separator: " ")): this agent has no gossip yet")
    }

    package func forceLeave(_ node: String, prune: Bool) async throws(ConsulError) {
        throw ConsulError(.internal, "agent: No node found with name '\(node)'")
    }

    package func leave() async {}
}
