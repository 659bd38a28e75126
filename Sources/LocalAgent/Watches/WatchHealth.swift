import ConsulModel
import PluginAPI
import Synchronization

/// Maintains a check of this node for each watch with `health_check: true`: a warning once its
/// handler fails, critical when it keeps failing, passing when it succeeds.
package final class WatchHealth: Sendable {
    private let local: LocalState
    private let failures = Mutex<[String: Int]>([:])

    package init(local: LocalState) { self.local = local }

    static func checkID(_ watch: String) -> String { "watch:\(watch)" }

    func begin(_ watch: String) {
        let id = Self.checkID(watch)
        guard local.check(id) == nil else { return }
        var definition = CheckDefinition()
        definition.id = id
        definition.name = "Handler of watch '\(watch)'"
        var check = HealthCheck()
        check.node = local.nodeName
        check.checkID = id
        check.name = definition.name
        check.status = CheckStatus.passing.rawValue
        check.output = "the handler has not run yet"
        check.type = "watch"
        local.addCheck(definition, check: check, source: .api)
    }

    /// Records the outcome of a run and updates the check of its watch.
    func record(_ outcome: HandlerOutcome, of watch: String) {
        let count = failures.withLock { failures in
            failures[watch] = outcome.succeeded ? 0 : failures[watch, default: 0] + 1
            return failures[watch]!
        }
        let status: CheckStatus =
            count == 0 ? .passing : count < Limits.failuresUntilCritical ? .warning : .critical
        let text = outcome.succeeded ? outcome.output : "\(outcome.failure)\n\(outcome.output)"
        local.updateCheck(Self.checkID(watch), status: status, output: text)
    }

    func forget(_ watch: String) {
        failures.withLock { _ = $0.removeValue(forKey: watch) }
        local.removeCheck(Self.checkID(watch))
    }
}
