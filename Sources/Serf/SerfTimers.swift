internal import Memberlist
internal import Primitives

/// The times of the periodic work, and of memberlist's next wake.
struct SerfTimers: Sendable {
    var memberlist = Instant.distantFuture
    var reap = Instant.distantFuture
    var reconnect = Instant.distantFuture
    var queueCheck = Instant.distantFuture

    var next: Instant { min(memberlist, reap, reconnect, queueCheck) }

    mutating func start(_ options: SerfOptions, now: Instant) {
        reap = now + options.reapInterval
        reconnect = now + options.reconnectInterval
        queueCheck = now + options.queueCheckInterval
    }
}

extension SerfCore {
    /// Does the work whose time has come.
    mutating func runTimers(now: Instant) {
        let options = state.options
        if now >= timers.reap {
            timers.reap = now + options.reapInterval
            state.reap(now: now)
        }
        if now >= timers.queueCheck {
            timers.queueCheck = now + options.queueCheckInterval
            state.checkQueues()
        }
        if now >= timers.reconnect {
            timers.reconnect = now + options.reconnectInterval
            if state.phase == .alive, let member = state.chooseReconnect() {
                _ = list.pushPull(
                    with: member.address, isJoin: true, now: now, delegate: &state)
            }
        }
        state.endQueries(now: now)
        state.runPrunes(now: now)
    }
}
