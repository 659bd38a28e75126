package import ConsulModel
import Primitives

/// Validates a watch's definition. Handlers are validated by their kinds (module PluginAPI).
package enum WatchRules {
    package static func problems(in definition: WatchDefinition) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if definition.anyOf.isEmpty {
            problems += sourceProblems(definition.source, at: "")
        } else {
            if !definition.source.type.isEmpty || !definition.source.fieldsGiven.isEmpty {
                problems.append(
                    DefinitionProblem("any_of", "a watch has either a type or any_of, not both"))
            }
            if definition.anyOf.count > Limits.sourcesMax {
                problems.append(
                    DefinitionProblem("any_of", "at most \(Limits.sourcesMax) sources"))
            }
            for (index, source) in definition.anyOf.enumerated() {
                problems += sourceProblems(source, at: "any_of[\(index)].")
                if source.type == EventWatch.name {
                    problems.append(
                        DefinitionProblem(
                            "any_of[\(index)].type",
                            "events are no state to be combined: give them a watch of their own"))
                }
            }
        }
        return problems + handlingProblems(definition)
    }

    /// Returns the faults of a source alone, for `consul watch`.
    ///
    /// - Parameter path: the start of the problems' paths, with its dot; empty for the watch
    ///   itself.
    package static func sourceProblems(_ source: WatchSource, at path: String)
        -> [DefinitionProblem]
    {
        guard !source.type.isEmpty else {
            return [DefinitionProblem("\(path)type", "Watch type must be specified")]
        }
        guard let type = WatchTypes.named(source.type) else {
            return [
                DefinitionProblem(
                    "\(path)type",
                    "Unsupported watch type: \(source.type) (there are "
                        + WatchTypes.all.map { $0.name }.joined(separator: ", ") + ")")
            ]
        }
        let foreign = source.fieldsGiven.filter { !type.fields.contains($0) }
        return foreign.map {
            DefinitionProblem(path + $0, "Invalid parameters: [\($0)] for type \(source.type)")
        }
            + type.problems(in: source).map {
                DefinitionProblem(path + $0.path, $0.message)
            }
    }

    private static func handlingProblems(_ definition: WatchDefinition) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if OnBusy(definition.onBusy) == nil {
            problems.append(
                DefinitionProblem(
                    "on_busy",
                    "unknown policy \"\(definition.onBusy)\": use coalesce, queue, cancel or "
                        + "parallel(1) to parallel(\(Limits.parallelMax))"))
        }
        if definition.onBusy == "cancel", definition.source.type == EventWatch.name {
            problems.append(
                DefinitionProblem(
                    "on_busy", "cancel would lose the events of the run: use coalesce or queue"))
        }
        if let retry = definition.retry {
            if retry.max < 0 || retry.max > Limits.retriesMax {
                problems.append(
                    DefinitionProblem("retry.max", "must be from 0 to \(Limits.retriesMax)"))
            }
            if retry.minBackoff.nanoseconds <= 0 || retry.maxBackoff < retry.minBackoff {
                problems.append(
                    DefinitionProblem(
                        "retry.min_backoff", "must be above 0 and not above max_backoff"))
            }
        }
        if let wait = definition.wait, wait.min < .zero || wait.max < .zero {
            problems.append(DefinitionProblem("wait.min", "must not be negative"))
        }
        if definition.timeout < .zero {
            problems.append(DefinitionProblem("timeout", "must not be negative"))
        }
        return problems
    }
}
