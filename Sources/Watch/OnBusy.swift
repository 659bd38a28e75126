/// The policy for a change that arrives while the handler runs.
package enum OnBusy: Hashable, Sendable {
    /// One further run with the newest state (Consul's policy).
    case coalesce
    /// One run for each change, in order.
    case queue
    /// Kills the run and starts one with the newest state.
    case cancel
    /// At most this many concurrent runs; beyond that, as `coalesce`.
    case parallel(Int)

    package init?(_ text: String) {
        switch text {
        case "", "coalesce": self = .coalesce
        case "queue": self = .queue
        case "cancel": self = .cancel
        default:
            guard text.hasPrefix("parallel("), text.hasSuffix(")"),
                let count = Int(text.dropFirst(9).dropLast()), count >= 1,
                count <= Limits.parallelMax
            else { return nil }
            self = .parallel(count)
        }
    }

    var runsMax: Int { if case .parallel(let count) = self { count } else { 1 } }
}
