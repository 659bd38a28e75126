import ConsulModel

/// The target nodes of a reliable event: the nodes with an agent that its filters match, up or
/// down. Nodes that join later are no targets.
struct EventTargets {
    private let event: UserEvent
    private let backend: any Backend

    init(_ event: UserEvent, _ backend: any Backend) {
        self.event = event
        self.backend = backend
    }

    /// Returns the node names in byte order.
    func nodes() async throws(ConsulError) -> [String] {
        var query = ChecksInStateRequest("any")
        query.options.filter = #"CheckID == "serfHealth""#
        let checks = try await backend.call(.healthChecksInState, query).value
        var names = Set(checks.map { $0.node })
        if let pattern = try pattern(event.nodeFilter) {
            names = names.filter { pattern.matches($0) }
        }
        if let service = try pattern(event.serviceFilter) {
            names.formIntersection(try await nodes(offering: service))
        }
        return names.sorted()
    }

    private func nodes(offering service: TextPattern) async throws(ConsulError) -> Set<String> {
        let tag = try pattern(event.tagFilter)
        var found: Set<String> = []
        let services = try await backend.call(.catalogListServices, DCSpecificRequest()).value
        for name in services.keys where service.matches(name) {
            let request = ServiceSpecificRequest(name)
            for instance in try await backend.call(.catalogServiceNodes, request).value
            where tag.map({ tag in instance.service.tags.contains { tag.matches($0) } }) ?? true {
                found.insert(instance.node.node)
            }
        }
        return found
    }

    private func pattern(_ text: String) throws(ConsulError) -> TextPattern? {
        if text.isEmpty { return nil }
        do throws(TextPattern.Fault) {
            return try TextPattern(text)
        } catch {
            throw ConsulError(.badRequest, "Invalid filter \"\(text)\": \(error)")
        }
    }
}
