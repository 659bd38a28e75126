import Primitives

/// The bounds of this target, each with its reason.
enum Limits {
    /// The interval of sending lines.
    static let flushEvery = GoDuration.seconds(1)
    /// The delay after an interval's end before its followers receive it.
    static let afterBoundary = GoDuration.milliseconds(50)
    /// Lines sent at one flush: more would be a burst that receivers drop anyway.
    static let linesPerFlushMax = 20_000
    /// Bytes queued for a connection, or for a receiver that reads slowly.
    static let streamQueuedBytesMax = 1 << 20
    /// The back-off before the next attempt to reach an address.
    static let retryFirst = GoDuration.seconds(1)
    static let retryMax = GoDuration.seconds(60)
    /// The least time between two warnings about dropped lines.
    static let warningInterval = GoDuration.seconds(60)
    static let procFileBytesMax = 64 * 1024
}
