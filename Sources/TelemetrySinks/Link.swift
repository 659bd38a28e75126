import Logging
import NIOCore
import Platform
import Primitives
import Synchronization

/// A sender's link to its receiver: at most one channel, one connection attempt at a time, and a
/// bounded rate of warnings.
final class Link<Rest: Sendable>: Sendable {
    struct State {
        fileprivate(set) var channel: (any Channel)?
        /// The sender's own state, guarded by the same lock.
        var rest: Rest
        private(set) var status = SendStatus()
        fileprivate var isConnecting = false
        fileprivate(set) var isClosed = false

        /// Counts lines that were not sent.
        mutating func drop(_ count: Int) { status.drop(count) }

        /// Returns true without a channel, when another attempt is due.
        func isDue(_ now: Instant) -> Bool { channel == nil && now >= status.retryAt }

        fileprivate mutating func endAttempt(_ update: (inout SendStatus) -> Void) {
            isConnecting = false
            update(&status)
        }
    }

    let address: String
    let loop: any EventLoop
    private let logger: Logger
    private let state: Mutex<State>

    init(_ address: String, on group: any EventLoopGroup, logger: Logger, _ rest: sending Rest) {
        self.address = address
        loop = group.next()
        self.logger = logger
        state = Mutex(State(rest: rest))
    }

    func with<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        state.withLock { state in body(&state) }
    }

    /// Begins an attempt, which `connected` or `failed` must end. Returns false while an attempt is
    /// under way, and after the end.
    func begin() -> Bool {
        state.withLock { state in
            if state.isConnecting || state.isClosed { return false }
            state.isConnecting = true
            return true
        }
    }

    /// Ends an attempt with a channel.
    /// - Parameter body: runs with the channel set.
    /// - Returns: nil when the link is closed: the caller must close the channel.
    func connected<Result: Sendable>(
        _ channel: any Channel, _ body: (inout Rest) -> Result
    ) -> Result? {
        state.withLock { state in
            state.endAttempt { $0.succeeded() }
            if state.isClosed { return nil }
            state.channel = channel
            return body(&state.rest)
        }
    }

    /// Handles the loss of the channel: logs a warning, unless the link is closed.
    func lost(_ error: NetworkError) {
        let isOpen = state.withLock { state in
            state.channel = nil
            return !state.isClosed
        }
        if isOpen { failed(error) }
    }

    /// Ends an attempt without a channel. Logs a warning when one is due.
    func failed(_ error: any Error) {
        let now = SystemClock.now()
        let warning = state.withLock { state in
            var warning: Logger.Message?
            state.endAttempt { status in
                status.failed(at: now)
                warning = status.warning("cannot send to \(address): \(error)", at: now)
            }
            return warning
        }
        if let warning { logger.warning(warning) }
    }

    func close() async {
        let channel = state.withLock { state in
            state.isClosed = true
            defer { state.channel = nil }
            return state.channel
        }
        try? await channel?.close()
    }
}
