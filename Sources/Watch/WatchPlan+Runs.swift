import ConsulModel
import Primitives

/// Decides when the handler runs, and handles the end of a run.
extension WatchPlan {
    /// Starts every run that is due, and schedules the next wake-up.
    mutating func advance(now: Instant, _ out: inout [Directive]) {
        if !isPaused {
            retryIfDue(now: now, &out)
            takeChange(now: now, &out)
            while running.count < onBusy.runsMax, retries.isEmpty, !queue.isEmpty {
                start(queue.removeFirst(), &out)
            }
        }
        if let instant = nextInstant(after: now) { out.append(.wake(at: instant)) }
    }

    private mutating func takeChange(now: Instant, _ out: inout [Directive]) {
        guard changedSince != nil, settled(by: now) else { return }
        if !isEventWatch, !isForced, contents == lastFired, !lastFiredFailed, cancelled.isEmpty {
            changedSince = nil  // equals the state delivered last
            return
        }
        // A newer state makes the retry of an older one pointless; events are not states.
        if !isEventWatch, onBusy != .queue { retries = [] }
        guard onBusy == .queue || (running.count < onBusy.runsMax && retries.isEmpty) else {
            if onBusy == .cancel {
                for number in running.keys.sorted() where cancelled.insert(number).inserted {
                    out.append(.cancelRun(number: number))
                }
            }
            return
        }
        let firing = makeFiring(now: now, &out)
        if onBusy == .queue {
            if queue.count == Limits.queuedFiringsMax { queue.removeLast() }
            queue.append(firing)
        } else {
            start(firing, &out)
        }
    }

    private mutating func makeFiring(
        now: Instant, _ out: inout [Directive]
    ) -> WatchFiring {
        let contents = contents
        defer {
            changedSince = pendingEvents.isEmpty ? nil : now
            isForced = false
            lastFiredFailed = false
        }
        firings += 1
        let before: [WatchContent?] =
            isEventWatch ? [nil] : lastFired.map { $0 } ?? contents.map { _ in nil }
        var firing = maker.make(
            number: firings, contents: contents, before: before, index: newestIndex)
        if isEventWatch {
            let due = dueEvents
            firing.events = due.map { $0.name }
            firing.reliableEvents = due.filter { $0.isReliable }.map { $0.name }
            memory.rememberHandled(due.map { $0.name })
            pendingEvents.removeFirst(due.count)
            if droppedEvents > 0 { out.append(.reportDroppedEvents(droppedEvents)) }
            droppedEvents = 0
        } else {
            lastFired = contents
            memory.contentHash = WatchContent.hash(of: contents)
        }
        var kept = memoryToKeep
        kept.handledEvents.removeAll { firing.reliableEvents.contains($0) }
        out.append(.remember(kept))
        return firing
    }

    private var newestIndex: WatchIndex {
        let indexes = cursors.compactMap { $0.index }
        let highest = indexes.compactMap { index -> UInt64? in
            if case .index(let value) = index { value } else { nil }
        }.max()
        return highest.map { .index($0) } ?? indexes.first ?? .index(0)
    }

    private mutating func start(_ firing: WatchFiring, _ out: inout [Directive]) {
        running[firing.number] = firing
        out.append(.fire(firing))
    }

    // MARK: Ends and retries

    mutating func endRun(
        _ number: UInt64, succeeded: Bool, now: Instant, _ out: inout [Directive]
    ) {
        let reliable = running[number]?.reliableEvents ?? []
        endRun(number, succeeded, now: now, &out)
        guard !reliable.isEmpty, !retries.contains(where: { $0.firing.number == number }) else {
            return
        }
        out.append(.remember(memoryToKeep))
    }

    private mutating func endRun(
        _ number: UInt64, _ succeeded: Bool, now: Instant, _ out: inout [Directive]
    ) {
        guard var firing = running.removeValue(forKey: number) else { return }
        let wasCancelled = cancelled.remove(number) != nil
        guard !succeeded else { return }
        if wasCancelled {
            // The killed run's state may become the newest again.
            isForced = changedSince != nil
            return
        }
        guard let policy = definition.retry else { return }
        guard firing.attempt < policy.max else {
            out.append(.deadLetter(firing))
            return
        }
        guard !isSuperseded(firing) else {
            if firing.number == firings { lastFiredFailed = true }
            return
        }
        let factor = Int64(1) << Int64(min(firing.attempt, 30))
        let pause = min(policy.minBackoff * factor, policy.maxBackoff)
        firing.attempt += 1
        retries.append((firing, now + pause))
    }

    /// Returns true when a newer state than this firing's was delivered, or is due.
    private func isSuperseded(_ firing: WatchFiring) -> Bool {
        guard !isEventWatch, onBusy != .queue else { return false }
        return firing.number < firings
            || (changedSince != nil && (isForced || contents != lastFired))
    }

    private mutating func retryIfDue(now: Instant, _ out: inout [Directive]) {
        while running.count < onBusy.runsMax,
            let position = retries.firstIndex(where: { $0.at <= now })
        {
            start(retries.remove(at: position).firing, &out)
        }
    }

    // MARK: Time

    /// Returns true when the state was unchanged for `wait.min`, or has been changing for
    /// `wait.max` (four times as long unless configured).
    private func settled(by now: Instant) -> Bool {
        settlesAt.map { $0 <= now } ?? true
    }

    private var settlesAt: Instant? {
        guard let wait = definition.wait, wait.min > .zero, !isForced, let since = changedSince
        else { return nil }
        let longest = wait.max > .zero ? wait.max : wait.min * 4
        return min(lastChange + wait.min, since + longest)
    }

    private func nextInstant(after now: Instant) -> Instant? {
        guard !isPaused else { return nil }
        let retryAt = running.count < onBusy.runsMax ? retries.map { $0.at }.min() : nil
        return [settlesAt, retryAt].compactMap { $0 }.filter { $0 > now }.min()
    }
}
