import Primitives

/// The bounds of this target, each with its reason.
enum Limits {
    /// How often lines are sent.
    static let flushEvery = GoDuration.seconds(1)
    /// Until an interval that is over is shown to those who follow.
    static let afterBoundary = GoDuration.milliseconds(50)
    /// Lines sent at one flush: more would be a burst that receivers drop anyway.
    static let linesPerFlushMax = 20_000
    /// Bytes that wait for a connection, or for a receiver that reads slowly.
    static let streamQueuedBytesMax = 1 << 20
    /// Waits before an address is tried again.
    static let retryFirst = GoDuration.seconds(1)
    static let retryMax = GoDuration.seconds(60)
    /// How often the log tells of lines that were dropped.
    static let complainEvery = GoDuration.seconds(60)
    static let procFileBytesMax = 64 * 1024
}
