internal import Memberlist
internal import Primitives

/// Bounds the rate of log lines of each kind: garbage from the network must not fill a disk.
struct NoteLimiter {
    private struct Period {
        var start: Instant
        var logged = 0
        var suppressed = 0
    }

    private var periods: [StaticName: Period] = [:]

    /// Returns whether to log a note now, and how many of its kind were suppressed before it.
    mutating func admit(_ kind: StaticName, now: Instant) -> (logs: Bool, suppressed: Int) {
        // One line per event of a member, as many as the pool's changes.
        if kind.description.hasPrefix("serf.member.") { return (true, 0) }
        var period = periods[kind] ?? Period(start: now)
        var suppressed = 0
        if now - period.start >= Limits.notesPeriod {
            suppressed = period.suppressed
            period = Period(start: now)
        }
        let logs = period.logged < Limits.notesMax
        if logs { period.logged += 1 } else { period.suppressed += 1 }
        periods[kind] = period
        return (logs, suppressed)
    }
}
