package import ConsulModel
package import PluginAPI
import Synchronization

/// The running checks by their IDs. May be asked from any thread: heartbeats do not wait for
/// registrations.
package final class CheckRunners: Sendable {
    private let runners = Mutex<[String: CheckRunner]>([:])

    package init() {}

    func replace(_ id: String, by runner: CheckRunner) {
        runners.withLock { $0.updateValue(runner, forKey: id) }?.stop()
    }

    func remove(_ id: String) { runners.withLock { $0.removeValue(forKey: id) }?.stop() }

    package var count: Int { runners.withLock { $0.count } }

    private func runner(_ id: String) -> CheckRunner? { runners.withLock { $0[id] } }

    /// A heartbeat for a TTL check.
    package func heartbeat(_ id: String, _ observation: CheckObservation) throws(ConsulError) {
        guard let runner = runner(id), runner.heartbeat(observation) else {
            throw LocalAgentError.unknownCheck(id)
        }
    }

    /// One probe at once; its result also counts as the check's.
    package func runNow(_ id: String) async throws(ConsulError) -> CheckObservation {
        guard let runner = runner(id) else {
            throw ConsulError(.notFound, "unknown check ID: \(id)")
        }
        guard let observation = await runner.runNow() else {
            throw ConsulError(.badRequest, "check \(id) is not polled: it reports by itself")
        }
        return observation
    }

    package func stopAll() {
        let all = runners.withLock { runners in
            defer { runners = [:] }
            return Array(runners.values)
        }
        for runner in all { runner.stop() }
    }
}
