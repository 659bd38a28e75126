import ConsulModel
import PluginAPI
import Watch

/// Holds the events of one watch until its loop handles them, in order of arrival.
///
/// Bounded by its kinds: a source has one query under way, so at most one answer, failure or due
/// query; one wake-up is pending at most; ends of runs are as many as runs; pauses, resumes and
/// triggers count up to `Limits.watchControlsMax`. The end of a run is never dropped: the watch
/// would stay `running` without it.
struct WatchInbox: Sendable {
    enum Event: Sendable {
        case input(WatchPlan.Input)
        case queryFailed(source: Int, ConsulError)
        /// Sends a query that was delayed after an error.
        case queryDue(source: Int)
        case runEnded(HandlerRun, HandlerOutcome)
    }

    private(set) var events: [Event] = []
    /// True while a thread handles the events, or is scheduled to.
    var isDraining = false

    /// Adds an event. A newer answer of a source replaces a pending one, a wake-up joins a pending
    /// one, and too many controls are reduced to their effect.
    mutating func add(_ event: Event) {
        if event.isControl, events.count(where: { $0.isControl }) >= Limits.watchControlsMax {
            reduceControls()
        }
        if let slot = events.firstIndex(where: { event.supersedes($0) }) {
            events[slot] = event
        } else {
            events.append(event)
        }
    }

    mutating func removeFirst() -> Event? { events.isEmpty ? nil : events.removeFirst() }

    /// Keeps the newest trigger and the newest of pause and resume: they alone decide the result.
    private mutating func reduceControls() {
        let lastTrigger = events.lastIndex { $0.isTrigger }
        let lastSetting = events.lastIndex { $0.isControl && !$0.isTrigger }
        var kept: [Event] = []
        for (index, event) in events.enumerated()
        where !event.isControl || index == lastTrigger || index == lastSetting {
            kept.append(event)
        }
        events = kept
    }
}

extension WatchInbox.Event {
    fileprivate var isTrigger: Bool {
        if case .input(.trigger) = self { true } else { false }
    }

    fileprivate var isControl: Bool {
        switch self {
        case .input(.pause), .input(.resume), .input(.trigger): true
        default: false
        }
    }

    /// Returns true when this event makes the pending event `older` useless.
    fileprivate func supersedes(_ older: Self) -> Bool {
        switch (self, older) {
        case (.input(.answer(let source, _)), .input(.answer(let other, _))): source == other
        case (.input(.woke), .input(.woke)): true
        default: false
        }
    }
}
