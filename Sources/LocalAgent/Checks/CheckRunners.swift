package import ConsulModel
package import PluginAPI
import Synchronization

/// The running checks by their IDs. Callable from any thread: heartbeats do not wait for
/// registrations.
package final class CheckRunners: Sendable {
    private struct State {
        var runners: [String: CheckRunner] = [:]
        /// True once the agent stops: no check starts any more.
        var isClosed = false
    }
    private let state = Mutex(State())

    package init() {}

    func replace(_ id: String, by runner: CheckRunner) {
        let stopped = state.withLock { state in
            state.isClosed ? runner : state.runners.updateValue(runner, forKey: id)
        }
        stopped?.stop()
    }

    func remove(_ id: String) { state.withLock { $0.runners.removeValue(forKey: id) }?.stop() }

    package var count: Int { state.withLock { $0.runners.count } }

    private func runner(_ id: String) -> CheckRunner? { state.withLock { $0.runners[id] } }

    /// Accepts a heartbeat for a TTL check.
    package func heartbeat(_ id: String, _ observation: CheckObservation) throws(ConsulError) {
        guard let runner = runner(id), runner.heartbeat(observation) else {
            throw LocalAgentError.unknownCheck(id)
        }
    }

    /// Probes once at once; the result also counts as the check's.
    package func runNow(_ id: String) async throws(ConsulError) -> CheckObservation {
        guard let runner = runner(id) else {
            throw ConsulError(.notFound, "unknown check ID: \(id)")
        }
        guard let observation = await runner.runNow() else {
            throw ConsulError(.badRequest, "check \(id) is not polled: it reports by itself")
        }
        return observation
    }

    /// Stops all checks finally.
    package func stopAll() {
        let all = state.withLock { state in
            defer { state = State(isClosed: true) }
            return Array(state.runners.values)
        }
        for runner in all { runner.stop() }
    }
}
