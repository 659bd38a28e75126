package import ConsulModel
package import Primitives

/// The plan of one watch: from the states of its sources to the runs of its handler.
///
/// A pure core with two hosts, the agent and `consul watch`. The host sends the queries, runs the
/// handler, keeps one timer, and steps the plan with each event.
///
/// The rules, by default Consul's: the handler fires once at the start with the present state; runs
/// of one watch never overlap; changes during a run join into the newest state; a state that equals
/// the one delivered last is no change. Unlike Consul, a query that failed in between makes no
/// difference, and an event is delivered once, also across reloads and restarts.
package struct WatchPlan: Sendable {
    package enum Input: Hashable, Sendable {
        case answer(source: Int, WatchAnswer)
        case failed(source: Int)
        case runEnded(number: UInt64, succeeded: Bool)
        /// The instant of the last `wake` is reached.
        case woke
        case pause
        case resume
        /// Run the handler with the newest state, although it has not changed.
        case trigger
    }

    package enum Directive: Hashable, Sendable {
        /// Send the source's query, to be answered once the source has news after `after` (a higher
        /// index, or another hash); nil to be answered with the present state.
        case query(source: Int, after: WatchIndex?)
        /// Send the failed query of the source again at this instant, for the present state: a
        /// server that lost its state may count from a lower index.
        case repeatQuery(source: Int, at: Instant)
        case fire(WatchFiring)
        /// Kill this run; its end is still reported.
        case cancelRun(number: UInt64)
        /// Step the plan with `woke` at this instant. Replaces an earlier one.
        case wake(at: Instant)
        /// The last retry has failed too: store the firing for the operator.
        case deadLetter(WatchFiring)
        /// Report the number of events dropped since the last firing: they arrived faster than the
        /// handler takes them.
        case reportDroppedEvents(Int)
        /// Persist the memory across restarts.
        case remember(WatchMemory)
    }

    package let definition: WatchDefinition
    package var memory: WatchMemory
    package internal(set) var isPaused = false

    let onBusy: OnBusy
    let maker: FiringMaker
    var cursors: [WatchCursor]
    var lastFired: [WatchContent]?
    var firings: UInt64 = 0

    /// The instant since which a change waits for delivery; nil when none waits.
    var changedSince: Instant?
    var lastChange = Instant.zero
    var isForced = false
    /// True when the run with `lastFired` failed and was not repeated, because a newer state was
    /// due. If the state returns to `lastFired`, it is delivered again.
    var lastFiredFailed = false
    var pendingEvents: [WatchContent.Item] = []
    /// Events dropped since the last firing.
    var droppedEvents = 0

    var running: [UInt64: WatchFiring] = [:]
    var cancelled: Set<UInt64> = []
    var queue: [WatchFiring] = []
    /// Failed runs to be repeated. No other run starts before them, so they are at most `runsMax`.
    var retries: [(firing: WatchFiring, at: Instant)] = []

    package init(_ definition: WatchDefinition, memory: WatchMemory = WatchMemory())
        throws(WatchError)
    {
        self.definition = definition
        self.memory = memory
        maker = FiringMaker(definition: definition)
        onBusy = OnBusy(definition.onBusy) ?? .coalesce
        cursors = []
        for source in definition.sources {
            guard let query = source.query else { throw .unknownType(source.type) }
            cursors.append(WatchCursor(query))
        }
    }

    /// The queries of the sources, in order.
    package var queries: [WatchQuery] { cursors.map { $0.query } }
    package var isRunning: Bool { !running.isEmpty }

    /// The memory for a plan that replaces this one, which handles the events whose run has not
    /// started.
    package var memoryForSuccessor: WatchMemory {
        var memory = memory
        let open = Set((queue + retries.map { $0.firing }).flatMap { $0.events })
        memory.handledEvents.removeAll { open.contains($0) }
        return memory
    }

    /// The memory for a restart: a reliable event whose run is not over is delivered again.
    var memoryToKeep: WatchMemory {
        let firings = Array(running.values) + queue + retries.map { $0.firing }
        let open = Set(firings.flatMap { $0.reliableEvents })
        var memory = memory
        if !open.isEmpty { memory.handledEvents.removeAll { open.contains($0) } }
        return memory
    }

    /// Returns true when an event was handled and needs no further run.
    package func hasHandled(_ event: String) -> Bool {
        memoryToKeep.handledEvents.contains(event)
    }

    package func start() -> [Directive] {
        cursors.indices.map { .query(source: $0, after: nil) }
    }

    package mutating func step(_ input: Input, now: Instant) -> [Directive] {
        var out: [Directive] = []
        switch input {
        case .answer(let source, let answer):
            receive(answer, from: source, now: now, &out)
            out.append(.query(source: source, after: cursors[source].index))
        case .failed(let source):
            let pause = cursors[source].fail()
            out.append(.repeatQuery(source: source, at: now + pause))
        case .runEnded(let number, let succeeded):
            endRun(number, succeeded: succeeded, now: now, &out)
        case .woke:
            break
        case .pause:
            isPaused = true
        case .resume:
            isPaused = false
        case .trigger:
            guard knowsAllSources else { break }
            isForced = true
            changedSince = changedSince ?? now
        }
        advance(now: now, &out)
        return out
    }

    var knowsAllSources: Bool { cursors.allSatisfy { $0.content != nil } }
    /// True when each answer has things to handle once, and not a state.
    var isEventWatch: Bool { isAlone(EventWatch.name) || isQueryWatch }
    /// True when each firing has one question: its output is the answer to it.
    var isQueryWatch: Bool { isAlone(QueryWatch.name) }

    private func isAlone(_ type: String) -> Bool {
        definition.anyOf.isEmpty && definition.source.type == type
    }

    // MARK: Changes

    private mutating func receive(
        _ answer: WatchAnswer, from source: Int, now: Instant, _ out: inout [Directive]
    ) {
        let knewAll = knowsAllSources
        guard cursors[source].receive(answer), knowsAllSources else { return }
        if isEventWatch { collectEvents(answer.content) }
        if !knewAll {
            if !firesAtStart {
                takeAsBaseline(&out)
                if pendingEvents.isEmpty { return }
            }
        } else if isEventWatch, pendingEvents.isEmpty {
            return
        }
        changedSince = changedSince ?? now
        lastChange = now
    }

    private mutating func collectEvents(_ content: WatchContent) {
        let handled = Set(memory.handledEvents + pendingEvents.map { $0.name })
        pendingEvents += content.items.filter { !handled.contains($0.name) }
        let excess = max(0, pendingEvents.count - Limits.pendingEventsMax)
        pendingEvents.removeFirst(excess)
        droppedEvents += excess
    }

    /// True when the first state fires. Consul fires at the start in any case; with `fire_on_start:
    /// false`, a watch fires only if the state differs from the one remembered from before the
    /// restart.
    private var firesAtStart: Bool {
        if definition.fireOnStart { return true }
        if isEventWatch { return !memory.handledEvents.isEmpty && !pendingEvents.isEmpty }
        return !memory.contentHash.isEmpty && memory.contentHash != WatchContent.hash(of: contents)
    }

    private mutating func takeAsBaseline(_ out: inout [Directive]) {
        if isEventWatch {
            memory.rememberHandled(pendingEvents.filter { !$0.isReliable }.map { $0.name })
            pendingEvents.removeAll { !$0.isReliable }
        } else {
            lastFired = contents
            memory.contentHash = WatchContent.hash(of: contents)
        }
        out.append(.remember(memoryToKeep))
    }

    /// The events of the next firing.
    var dueEvents: [WatchContent.Item] {
        isQueryWatch ? Array(pendingEvents.prefix(1)) : pendingEvents
    }

    /// The present states of the sources; for an event watch, the events to be delivered.
    var contents: [WatchContent] {
        if isEventWatch { return [WatchContent(.array(emptyIsNull: false), dueEvents)] }
        return cursors.compactMap { $0.content }
    }
}
