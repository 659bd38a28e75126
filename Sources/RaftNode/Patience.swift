internal import Glibc
internal import Primitives

/// When a driver with a thread of its own waits awake for the next wish. A client that writes one
/// thing after another comes back within the time that falling asleep and being woken takes; while
/// such a one is there the thread stays up for it, and else never.
struct Patience {
    let isEver: Bool
    private var endedAt = Instant.zero
    /// The last wish came soon after the one before was done.
    private var isSequential = false
    private var hasWaited = false

    init(isEver: Bool) { self.isEver = isEver }

    var isLikely: Bool { isEver && isSequential && !hasWaited }

    mutating func began(at now: Instant) {
        isSequential = now - endedAt < Limits.patience
        hasWaited = false
    }

    mutating func ended(at now: Instant) { endedAt = now }

    mutating func wait(_ clock: () -> Instant, until hasCome: () -> Bool) {
        let deadline = clock() + Limits.patience
        while true {
            if hasCome() { return }
            if clock() >= deadline { break }
            sched_yield()
        }
        hasWaited = true
        isSequential = false
    }
}
