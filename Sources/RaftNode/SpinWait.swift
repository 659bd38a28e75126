internal import Glibc
internal import Primitives

/// Decides when a driver with a thread of its own spins for the next request. A client that writes
/// sequentially returns within the time that a sleep and a wake-up take: the thread spins while
/// there is such a client, and at no other time.
struct SpinWait {
    let isEver: Bool
    private var endedAt = Instant.zero
    /// True when the last request came soon after the previous one was done.
    private var isSequential = false
    private var hasWaited = false

    init(isEver: Bool) { self.isEver = isEver }

    var isLikely: Bool { isEver && isSequential && !hasWaited }

    mutating func began(at now: Instant) {
        isSequential = now - endedAt < Limits.spinWaitMax
        hasWaited = false
    }

    mutating func ended(at now: Instant) { endedAt = now }

    mutating func wait(_ clock: () -> Instant, until hasCome: () -> Bool) {
        let deadline = clock() + Limits.spinWaitMax
        while true {
            if hasCome() { return }
            if clock() >= deadline { break }
            sched_yield()
        }
        hasWaited = true
        isSequential = false
    }
}
