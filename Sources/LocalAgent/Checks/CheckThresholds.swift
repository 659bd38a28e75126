package import ConsulModel
package import PluginAPI

/// Counts the results in a row that change a check's status (Consul's `success_before_passing`,
/// `failures_before_warning`, `failures_before_critical`).
///
/// The counters start full, so that the first result counts at once.
package struct CheckThresholds: Hashable, Sendable {
    private let successesNeeded: Int
    private let failuresToWarn: Int
    private let failuresToFail: Int
    private var successes: Int
    private var failures: Int

    package init(_ definition: CheckDefinition) {
        successesNeeded = definition.successBeforePassing
        failuresToFail = definition.failuresBeforeCritical
        failuresToWarn =
            definition.failuresBeforeWarning > 0
            ? min(definition.failuresBeforeWarning, failuresToFail) : failuresToFail
        successes = successesNeeded
        failures = failuresToFail
    }

    /// Counts a result. Returns the new status, or nil when the old one remains.
    package mutating func receive(_ observation: CheckObservation) -> CheckStatus? {
        if observation.isFinal { return observation.status }
        if observation.status != .critical {
            successes = min(successes + 1, successesNeeded + 1)
            failures = 0
            return successes >= successesNeeded ? observation.status : nil
        }
        failures = min(failures + 1, failuresToFail + 1)
        successes = 0
        if failures >= failuresToFail { return .critical }
        return failures >= failuresToWarn ? .warning : nil
    }
}
