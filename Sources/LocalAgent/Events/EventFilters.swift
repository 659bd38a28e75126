import ConsulModel

/// Decides whether a user event concerns this node.
struct EventFilters {
    let nodeName: String
    let local: LocalState

    /// Returns true when the event's filters match this node, and one of its services with one of
    /// its tags.
    func match(_ event: UserEvent) throws(ConsulError) -> Bool {
        guard try matches(event.nodeFilter, [nodeName]) else { return false }
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
}
