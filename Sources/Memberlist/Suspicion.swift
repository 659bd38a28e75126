internal import Primitives

/// The time left for a suspected member to refute: long at first, shorter with each member that
/// confirms the suspicion (Lifeguard paper, section 4.2).
struct Suspicion: Sendable {
    /// Confirmations after which the timeout is the least.
    let wanted: Int
    let least: GoDuration
    let greatest: GoDuration
    let startedAt: Instant
    private(set) var confirmations = 0
    /// The first accuser, who is no confirmation, and those that confirmed: at most `wanted` + 1.
    private var accusers: [String]

    init(from: String, wanted: Int, least: GoDuration, greatest: GoDuration, now: Instant) {
        self.wanted = wanted
        self.least = least
        self.greatest = greatest
        startedAt = now
        accusers = [from]
    }

    var deadline: Instant { startedAt + timeout }

    var timeout: GoDuration {
        wanted < 1
            ? least
            : Self.timeout(confirmations, of: wanted, least: least, greatest: greatest)
    }

    /// Counts an accusation.
    ///
    /// - Parameter countsTwice: true for the planted mistake alone.
    /// - Returns: false when enough members have confirmed, or this one already has.
    mutating func confirm(from: String, countsTwice: Bool = false) -> Bool {
        guard confirmations < wanted, countsTwice || !accusers.contains(from) else { return false }
        accusers.append(from)
        confirmations += 1
        return true
    }

    // MARK: Formulas

    /// Returns max - (max - min) x ln(c + 1) / ln(k + 1), in whole milliseconds, not below min.
    static func timeout(
        _ confirmations: Int, of wanted: Int, least: GoDuration, greatest: GoDuration
    ) -> GoDuration {
        let share =
            Logarithm.natural(Double(confirmations) + 1) / Logarithm.natural(Double(wanted) + 1)
        let seconds = greatest.seconds - share * (greatest.seconds - least.seconds)
        return max(least, .milliseconds(Int64((seconds * 1000).rounded(.down))))
    }

    /// Returns the least timeout: multiplier x max(1, log10(n)) x interval, the logarithm in whole
    /// thousandths.
    static func leastTimeout(
        multiplier: Int, memberCount: Int, interval: GoDuration
    ) -> GoDuration {
        let scale = max(1, Logarithm.decimal(Double(max(1, memberCount))))
        return interval * Int64(multiplier) * Int64(scale * 1000) / 1000
    }
}
