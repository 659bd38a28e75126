import ConsulModel
import Platform
public import Primitives
import Synchronization

/// A session with a TTL, kept alive by renewals, and the time until which it is certainly alive.
///
/// That time is counted by this machine's own clock from the sending of the last successful
/// renewal: a disconnected agent or a slow network cannot extend it.
public final class SessionKeeper: Sendable {
    /// The reason why a session is lost.
    public enum Loss: Hashable, Sendable, CustomStringConvertible {
        /// The servers report that it has ended.
        case ended
        /// It could not be renewed in time.
        case notRenewed(String)

        public var description: String {
            switch self {
            case .ended: "the session has ended"
            case .notRenewed(let reason): "the session could not be renewed: \(reason)"
            }
        }
    }

    /// The name of a session for a lock (Consul's own).
    public static let lockTTL = GoDuration.seconds(15)

    public let id: String
    public let ttl: GoDuration
    private let client: ConsulClient
    private let renewedAt: Mutex<Instant>
    /// Renewed together with the session, and lost with it.
    private let companions = Mutex<Set<String>>([])

    private init(id: String, ttl: GoDuration, client: ConsulClient, sentAt: Instant) {
        self.id = id
        self.ttl = ttl
        self.client = client
        renewedAt = Mutex(sentAt)
    }

    /// Creates a session with this TTL.
    public static func create(
        _ wanted: NewSession, ttl: GoDuration, client: ConsulClient
    ) async throws(ConsulClientError) -> SessionKeeper {
        var wanted = wanted
        wanted.ttl = "\(ttl)"
        let sentAt = SystemClock.now()
        let id = try await client.sessionCreate(wanted, timeout: ttl)
        return SessionKeeper(id: id, ttl: ttl, client: client, sentAt: sentAt)
    }

    /// Adds another session with the same TTL: from now on both are renewed, and the loss of one is
    /// the loss of both.
    /// - Parameter sentAt: the time at which its successful renewal was sent.
    func addCompanion(_ id: String, renewedAt sentAt: Instant) {
        companions.withLock { _ = $0.insert(id) }
        renewedAt.withLock { $0 = min($0, sentAt) }
    }

    func forgetCompanions() { companions.withLock { $0 = [] } }
    func removeCompanion(_ id: String) { companions.withLock { _ = $0.remove(id) } }

    /// - Returns: false when one of them has ended; nil when one was added meanwhile that was not
    ///   renewed.
    private func renewAll(timeout: GoDuration) async throws(ConsulClientError) -> Bool? {
        let all = companions.withLock { $0 }
        for companion in all.sorted() {
            if try await client.sessionRenew(companion, timeout: timeout) != nil { continue }
            // It may have been removed meanwhile, and ended by its last holder.
            if companions.withLock({ $0.contains(companion) }) { return false }
        }
        guard try await client.sessionRenew(id, timeout: timeout) != nil else { return false }
        return companions.withLock({ $0.isSubset(of: all) }) ? true : nil
    }

    /// The time until which no other client can take the session's locks.
    public var aliveUntil: Instant { renewedAt.withLock { $0 } + ttl }

    /// Renews three times in a TTL, and retries every second after a failure.
    ///
    /// - Parameters:
    ///   - margin: the time before `aliveUntil` at which it reports the loss.
    ///   - renewed: called after each renewal with the new `aliveUntil`.
    /// - Returns: the reason of the loss; nil when the task was cancelled.
    public func run(
        margin: GoDuration, renewed: @Sendable (Instant) -> Void = { _ in }
    ) async -> Loss? {
        var wait = ttl / Limits.renewalsPerTTL
        while true {
            let left = aliveUntil - SystemClock.now() - margin
            guard await Pause.pass(min(wait, left)) else { return nil }
            let sentAt = SystemClock.now()
            let time = aliveUntil - sentAt - margin
            guard time > .zero else { return .notRenewed("no answer came in time") }
            do throws(ConsulClientError) {
                let isRenewed = try await renewAll(timeout: time)
                if isRenewed == false { return .ended }
                guard isRenewed == true else {
                    wait = .zero
                    continue
                }
                renewedAt.withLock { $0 = sentAt }
                renewed(aliveUntil)
                wait = ttl / Limits.renewalsPerTTL
            } catch {
                if Task.isCancelled { return nil }
                if aliveUntil - SystemClock.now() - margin <= .zero {
                    return .notRenewed(error.description)
                }
                wait = Limits.retryWait
            }
        }
    }

    /// Ends the session; its locks are free, after its lock-delay where they were not released.
    public func destroy() async {
        try? await client.sessionDestroy(id, timeout: Limits.partingTime)
    }
}

/// A wait that ends when its task is cancelled.
enum Pause {
    /// - Returns: false when the task was cancelled.
    static func pass(_ wait: GoDuration) async -> Bool {
        do {
            try await Task.sleep(nanoseconds: UInt64(max(wait.nanoseconds, 0)))
            return true
        } catch {
            return false
        }
    }
}
