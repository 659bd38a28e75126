import Synchronization

/// Where watches tell what became of events that must not be lost.
package final class EventReports: Sendable {
    package typealias Listener =
        @Sendable (_ watch: String, _ events: [String], _ succeeded: Bool) -> Void

    private let listener = Mutex<Listener?>(nil)

    package init() {}

    func listen(_ listener: @escaping Listener) { self.listener.withLock { $0 = listener } }

    /// A handler has succeeded with these events, or failed for the last time.
    func tell(watch: String, events: [String], succeeded: Bool) {
        listener.withLock { $0 }?(watch, events, succeeded)
    }
}
