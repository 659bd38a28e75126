import ConsulModel
import LocalAgent
import PluginAPI
import Primitives

/// Other checks as aliases see them: this agent's at once, another node's by blocking queries.
struct AliasObserver: CheckObserver {
    /// After a failed query.
    private static let retry = GoDuration.seconds(5)
    /// The wait of one blocking query. A service without checks may go unseen for so long.
    private static let queryTime = GoDuration.seconds(60)

    let local: LocalState
    let backend: any Backend
    let clock: any WaitingClock

    func observe(
        node: String, serviceID: String, for checkID: String,
        telling tell: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        if node.isEmpty || node == local.nodeName {
            await observeHere(serviceID, checkID, tell)
        } else {
            await observeThere(node, serviceID, tell)
        }
    }

    private func observeHere(
        _ serviceID: String, _ checkID: String,
        _ tell: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        let (changes, feed) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let observer = local.observe { _ in feed.yield() }
        defer { local.stopObserving(observer) }
        feed.yield()
        var told: [HealthCheck]??
        for await _ in changes {
            let checks = local.checks(ofService: serviceID, followedBy: checkID)
            if told == .some(checks) { continue }
            told = .some(checks)
            tell(checks)
        }
    }

    private func observeThere(
        _ node: String, _ serviceID: String,
        _ tell: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        var query = NodeSpecificRequest(node)
        query.options.maxQueryTime = Self.queryTime
        while !Task.isCancelled {
            do throws(ConsulError) {
                let answer = try await backend.call(.healthNodeChecks, query)
                let checks = answer.value.filter {
                    $0.serviceID.isEmpty || $0.serviceID == serviceID
                }
                // A check of the service shows that it exists.
                if !serviceID.isEmpty && checks.contains(where: { $0.serviceID == serviceID }) {
                    tell(checks)
                } else {
                    tell(try await exists(node, serviceID) ? checks : nil)
                }
                query.options.minQueryIndex = answer.meta.index
            } catch {
                query.options.minQueryIndex = 0
                await clock.sleep(until: clock.now() + Self.retry)
            }
        }
    }

    /// Whether the catalog has a service on a node, or the node for an empty ID.
    private func exists(_ node: String, _ serviceID: String) async throws(ConsulError) -> Bool {
        let request = NodeSpecificRequest(node)
        let found = try await backend.call(.catalogNodeServiceList, request).value
        guard let services = found.services else { return false }
        return serviceID.isEmpty || services.contains { $0.id == serviceID }
    }
}
