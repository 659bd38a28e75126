import ConsulModel
package import Logging
package import PluginAPI
import Primitives

/// Delivers the log's reliable events for this node to its watches, and acknowledges each event
/// once every watch for it has handled it. Delivery is at least once, also after a time without the
/// agent: an event without acknowledgement is delivered again after a restart, to the watches whose
/// memory does not contain it.
package actor EventDelivery {
    private let log: EventLog
    private let nodeName: String
    private let buffer: UserEventBuffer
    private let watches: WatchManager
    private let clock: any WaitingClock
    private let logger: Logger
    private let unixSeconds: @Sendable () -> Int

    /// Events delivered and not yet acknowledged, by ID.
    private var open: [String: EventLog.Entry] = [:]
    /// The outcomes of open events, by event and watch.
    private var outcomes: [String: [String: Bool]] = [:]
    /// The log's events that need no further work, by ID.
    private var settled: Set<String> = []

    package init(
        log: EventLog, nodeName: String, buffer: UserEventBuffer, watches: WatchManager,
        reports: EventReports, clock: any WaitingClock, logger: Logger,
        unixSeconds: @escaping @Sendable () -> Int
    ) {
        self.log = log
        self.nodeName = nodeName
        self.buffer = buffer
        self.watches = watches
        self.clock = clock
        self.logger = logger
        self.unixSeconds = unixSeconds
        reports.listen { [weak self] watch, events, succeeded in
            guard let self else { return }
            Task { await self.record(watch, events, succeeded) }
        }
    }

    /// Follows the log until the task is cancelled.
    package func run() async {
        let reviewing = Task { await reviewPeriodically() }
        defer { reviewing.cancel() }
        var cursor = BlockingCursor<UInt64>(Limits.eventLogBackOff)
        while !Task.isCancelled {
            do throws(ConsulError) {
                let (entries, newest) = try await log.read(after: cursor.minQueryIndex)
                try await process(entries)
                _ = cursor.receive(newest)
            } catch {
                if Task.isCancelled { return }
                // Debug: other parts report that there are no servers.
                logger.debug("cannot follow the event log", metadata: ["error": "\(error)"])
                await clock.sleep(until: clock.now() + cursor.fail())
            }
        }
    }

    /// Reviews the open events periodically: removing a watch may complete an event.
    private func reviewPeriodically() async {
        while await clock.sleep(until: clock.now() + Limits.eventReviewInterval) {
            for id in open.keys.sorted() { await review(id) }
        }
    }

    private func process(_ entries: [EventLog.Entry]) async throws(ConsulError) {
        let known = Set(entries.map { $0.event.id })
        settled.formIntersection(known)
        for id in open.keys where !known.contains(id) { close(id) }
        for entry in entries where entry.event.expires > unixSeconds() {
            let id = entry.event.id
            guard entry.event.nodes.contains(nodeName), !settled.contains(id), open[id] == nil
            else { continue }
            if try await log.isAcknowledged(id) {
                settled.insert(id)
                continue
            }
            guard let event = try await log.resolved(entry) else { continue }
            open[id] = entry
            logger.debug(
                "reliable event", metadata: ["name": "\(event.name)", "id": "\(event.id)"])
            buffer.append(event)
            await review(id)
        }
    }

    private func record(_ watch: String, _ events: [String], _ succeeded: Bool) async {
        for id in events where open[id] != nil {
            outcomes[id, default: [:]][watch] = succeeded
            await review(id)
        }
    }

    /// Acknowledges an event that every watch for it has handled.
    private func review(_ id: String) async {
        guard let entry = open[id] else { return }
        var results: [String: String] = [:]
        for watch in watches.eventWatches(for: entry.event.name) {
            let outcome = outcomes[id]?[watch.id] ?? (watch.hasHandled(id) ? true : nil)
            guard let outcome else { return }
            results[watch.id] =
                (outcome ? EventAcknowledgement.State.done : .failed).rawValue
        }
        let hasFailed = results.values.contains(EventAcknowledgement.State.failed.rawValue)
        let state: EventAcknowledgement.State =
            results.isEmpty ? .seen : hasFailed ? .failed : .done
        do throws(ConsulError) {
            try await log.acknowledge(entry, state, watches: results)
            settled.insert(id)
            close(id)
        } catch {
            logger.warning(
                "cannot acknowledge a reliable event",
                metadata: ["id": "\(id)", "error": "\(error)"])
        }
    }

    private func close(_ id: String) {
        open[id] = nil
        outcomes[id] = nil
    }
}
