/// What becomes of a change that comes while the handler runs.
package enum OnBusy: Hashable, Sendable {
    /// One further run with the newest state (Consul's way).
    case coalesce
    /// A run for each, in order.
    case queue
    /// The run is killed, and the newest state handed over.
    case cancel
    /// Up to so many runs at once; beyond that, as `coalesce`.
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
