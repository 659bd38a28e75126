import ConsulModel
import DNSWire
import Logging
import Primitives
import Synchronization

/// Notifies the secondaries when the catalog has changed (RFC 1996): once at the start, then at
/// most once in `notifyInterval`, however often it changes.
final class ZoneNotifier: Sendable {
    private let core: DNSCore
    private let logger: Logger
    private let task = Mutex<(secondaries: [Recursor], task: Task<Void, Never>)?>(nil)

    init(_ core: DNSCore, logger: Logger) {
        self.core = core
        self.logger = logger
    }

    /// Notifies the secondaries of these rules from now on; without any, watches nothing.
    func follow(_ zone: Zone) {
        task.withLock { running in
            if zone.secondaries == running?.secondaries ?? [] { return }
            running?.task.cancel()
            running = nil
            if zone.secondaries.isEmpty { return }
            running = (zone.secondaries, Task { [self] in await run(zone.secondaries) })
        }
    }

    func stop() {
        task.withLock { running in
            running?.task.cancel()
            running = nil
        }
    }

    // MARK: Watching

    private func run(_ secondaries: [Recursor]) async {
        let (changes, feed) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await watch(.catalogListNodes, DCSpecificRequest(), feed) { $0.hashValue }
            }
            group.addTask { [self] in
                await watch(.catalogListServices, DCSpecificRequest(), feed) { _ in nil }
            }
            group.addTask { [self] in
                await watch(.healthChecksInState, ChecksInStateRequest("any"), feed) {
                    Self.statuses($0)
                }
            }
            for await _ in changes {
                // Coalesces bursts.
                guard await pause(core.limits.notifyInterval) else { break }
                tell(secondaries)
            }
            group.cancelAll()
        }
    }

    /// Hashes the parts of the checks that affect answers: their output does not.
    private static func statuses(_ checks: [HealthCheck]) -> Int {
        var hasher = Hasher()
        for check in checks {
            hasher.combine(check.node)
            hasher.combine(check.checkID)
            hasher.combine(check.serviceID)
            hasher.combine(check.status)
        }
        return hasher.finalize()
    }

    /// - Parameter digest: equal for values with the same answers; nil where every change counts.
    private func watch<Request: ReadRequest, Answer: IndexedReply>(
        _ endpoint: Endpoint<Request, Answer>, _ request: Request,
        _ feed: AsyncStream<Void>.Continuation, _ digest: @Sendable (Answer.Value) -> Int?
    ) async {
        var query = request
        query.options.consistency = .stale
        var last: Int?
        var cursor = BlockingCursor<UInt64>(Limits.notifyBackOff)
        while !Task.isCancelled {
            query.options.minQueryIndex = cursor.minQueryIndex
            do throws(ConsulError) {
                let answer = try await core.resolver.backend.call(endpoint, query)
                let moved = cursor.receive(answer.meta.index)
                let new = digest(answer.value)
                if moved, new == nil || new != last { feed.yield() }
                last = new
                // Not more often than secondaries are notified.
                guard await pause(core.limits.notifyInterval) else { return }
            } catch {
                guard await pause(cursor.fail()) else { return }
            }
        }
    }

    private func pause(_ time: GoDuration) async -> Bool {
        do {
            try await Task.sleep(nanoseconds: UInt64(max(0, time.nanoseconds)))
            return true
        } catch {
            return false
        }
    }

    // MARK: Notifying

    private func tell(_ secondaries: [Recursor]) {
        let zone = core.currentZone
        var message = DNSMessage(id: 0, flags: [.authoritative], opcode: .notify)
        message.questions = [DNSMessage.Question(zone.domain, .soa)]
        message.answers = [core.resolver.soa(zone)]
        for secondary in secondaries {
            core.resolver.recursion.notify(secondary, message) { [logger] heard in
                if heard { return }
                logger.warning(
                    "a secondary does not answer notices",
                    metadata: ["secondary": "\(secondary)"])
            }
        }
    }
}
