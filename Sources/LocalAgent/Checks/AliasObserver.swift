package import ConsulModel
package import PluginAPI
import Primitives

/// Observes the checks behind an alias: this agent's at once, another node's by blocking queries.
package struct AliasObserver: CheckObserver {
    private let local: LocalState
    private let backend: any Backend
    private let clock: any WaitingClock

    package init(local: LocalState, backend: any Backend, clock: any WaitingClock) {
        self.local = local
        self.backend = backend
        self.clock = clock
    }

    package func observe(
        node: String, serviceID: String, for checkID: String,
        onChange notify: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        if node.isEmpty || node == local.nodeName {
            await observeLocal(serviceID, checkID, notify)
        } else {
            await observeRemote(node, serviceID, notify)
        }
    }

    private func observeLocal(
        _ serviceID: String, _ checkID: String,
        _ notify: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        let (changes, feed) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let observer = local.observe { _ in feed.yield() }
        defer { local.stopObserving(observer) }
        feed.yield()
        var notified: [HealthCheck]??
        for await _ in changes {
            let checks = local.checks(ofService: serviceID, followedBy: checkID)
            if notified == .some(checks) { continue }
            notified = .some(checks)
            notify(checks)
        }
    }

    private func observeRemote(
        _ node: String, _ serviceID: String,
        _ notify: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        var query = NodeSpecificRequest(node)
        query.options.maxQueryTime = Limits.aliasQueryTime
        var cursor = BlockingCursor<UInt64>(Limits.aliasBackOff)
        while !Task.isCancelled {
            query.options.minQueryIndex = cursor.minQueryIndex
            do throws(ConsulError) {
                let answer = try await backend.call(.healthNodeChecks, query)
                let checks = answer.value.filter {
                    $0.serviceID.isEmpty || $0.serviceID == serviceID
                }
                // A check of the service proves that the service exists.
                if !serviceID.isEmpty && checks.contains(where: { $0.serviceID == serviceID }) {
                    notify(checks)
                } else {
                    notify(try await exists(node, serviceID) ? checks : nil)
                }
                _ = cursor.receive(answer.meta.index)
            } catch {
                await clock.sleep(until: clock.now() + cursor.fail())
            }
        }
    }

    /// Returns true when the catalog has the service on the node, or, for an empty ID, the node.
    private func exists(_ node: String, _ serviceID: String) async throws(ConsulError) -> Bool {
        let request = NodeSpecificRequest(node)
        let found = try await backend.call(.catalogNodeServiceList, request).value
        guard let services = found.services else { return false }
        return serviceID.isEmpty || services.contains { $0.id == serviceID }
    }
}
