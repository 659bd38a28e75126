package import Primitives

/// The bounds of the watch engine's core.
package enum Limits {
    /// Firings kept for a busy handler under `on_busy: queue`; then the newest replaces the last
    /// one.
    package static let queuedFiringsMax = 256
    /// Events that wait for a busy handler; Consul's own buffer holds as many.
    package static let pendingEventsMax = 256
    /// Event IDs remembered as handled: twice the buffer from which they can return.
    package static let handledEventsMax = 512
    /// Runs at once under `on_busy: parallel(n)`.
    package static let parallelMax = 64
    /// Sources of one `any_of`.
    package static let sourcesMax = 64
    /// Retries of one firing.
    package static let retriesMax = 1_000
    /// Consul's back-off after a failed query: 5 s times the square of the failures, at most 3 min.
    static let queryBackOff = BackOff(.square, first: .seconds(5), max: .seconds(180))
    /// Bytes of an event's payload in the environment, whose total size the kernel bounds.
    package static let environmentPayloadMax = 4096
}
