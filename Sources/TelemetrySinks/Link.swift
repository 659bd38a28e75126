import Logging
import NIOCore
import Platform
import Primitives
import Synchronization

/// What a sender has of its receiver: at most one channel, one attempt to get one at a time, and
/// complaints that do not fill the log.
final class Link<Rest: Sendable>: Sendable {
    struct State {
        fileprivate(set) var channel: (any Channel)?
        /// The sender's own, guarded by the same lock.
        var rest: Rest
        private(set) var complaints = Complaints()
        fileprivate var isConnecting = false
        fileprivate(set) var isClosed = false

        /// Lines that went nowhere.
        mutating func drop(_ count: Int) { complaints.drop(count) }

        /// No channel, and time for another attempt.
        func isDue(_ now: Instant) -> Bool { channel == nil && now >= complaints.retryAt }

        fileprivate mutating func judge(_ verdict: (inout Complaints) -> Void) {
            isConnecting = false
            verdict(&complaints)
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

    /// False while an attempt is under way, and after the end. True begins one: `connected` or
    /// `failed` must follow.
    func begin() -> Bool {
        state.withLock { state in
            if state.isConnecting || state.isClosed { return false }
            state.isConnecting = true
            return true
        }
    }

    /// - Parameter body: done with the channel in place.
    /// - Returns: nil when nobody wants the channel any more: it must be closed.
    func connected<Result: Sendable>(
        _ channel: any Channel, _ body: (inout Rest) -> Result
    ) -> Result? {
        state.withLock { state in
            state.judge { $0.succeeded() }
            if state.isClosed { return nil }
            state.channel = channel
            return body(&state.rest)
        }
    }

    /// The receiver went away. A complaint, unless that was wished.
    func lost(_ error: NetworkError) {
        let isWanted = state.withLock { state in
            state.channel = nil
            return !state.isClosed
        }
        if isWanted { failed(error) }
    }

    /// There is no channel, or none any more. The log is told when a complaint is due.
    func failed(_ error: any Error) {
        let now = SystemClock.now()
        let sentence = state.withLock { state in
            var sentence: Logger.Message?
            state.judge { complaints in
                complaints.failed(at: now)
                sentence = complaints.sentence("cannot send to \(address): \(error)", at: now)
            }
            return sentence
        }
        if let sentence { logger.warning(sentence) }
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
