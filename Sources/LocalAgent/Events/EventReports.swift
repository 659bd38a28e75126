import Synchronization

/// Carries the outcomes of reliable events from the watches to the delivery.
package final class EventReports: Sendable {
    package typealias Listener =
        @Sendable (_ watch: String, _ events: [String], _ succeeded: Bool) -> Void

    private let listener = Mutex<Listener?>(nil)

    package init() {}

    func listen(_ listener: @escaping Listener) { self.listener.withLock { $0 = listener } }

    /// Reports that a handler has succeeded with these events, or has failed for the last time.
    func report(watch: String, events: [String], succeeded: Bool) {
        listener.withLock { $0 }?(watch, events, succeeded)
    }
}
