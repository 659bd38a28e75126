import ConsulModel
import LocalAgent
import PluginAPI
import Primitives

/// Other checks as aliases see them: this agent's at once, another node's by blocking queries.
struct AliasObserver: CheckObserver {
    /// After a failed query.
    private static let retry = GoDuration.seconds(5)

    let local: LocalState
    let backend: any Backend
    let clock: any WaitingClock

    func observe(
        node: String, serviceID: String,
        telling tell: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        if node.isEmpty || node == local.nodeName {
            await observeHere(serviceID, tell)
        } else {
            await observeThere(node, serviceID, tell)
        }
    }

    private func observeHere(
        _ serviceID: String, _ tell: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        let (changes, feed) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let observer = local.observe { _ in feed.yield() }
        defer { local.stopObserving(observer) }
        feed.yield()
        var told: [HealthCheck]??
        for await _ in changes {
            let checks = local.checks(ofService: serviceID)
            if told == .some(checks) { continue }
            told = .some(checks)
            tell(checks)
        }
    }

    private func observeThere(
        _ node: String, _ serviceID: String,
        _ tell: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        var query = NamedQuery(node)
        while !Task.isCancelled {
            do throws(ConsulError) {
                let answer = try await backend.call(.healthNodeChecks, query)
                query.options.minQueryIndex = answer.meta.index
                tell(answer.value.filter { $0.serviceID.isEmpty || $0.serviceID == serviceID })
            } catch {
                query.options.minQueryIndex = 0
                await clock.sleep(until: clock.now() + Self.retry)
            }
        }
    }
}
