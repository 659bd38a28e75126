package import ConsulClient
import ConsulModel
import Platform
import Primitives

/// Runs `consul lock`: acquires a lock or a slot of a semaphore, runs a child while it is held,
/// releases it.
///
/// The child is dead before another can hold the lock: it is signalled when the session's time,
/// counted by this machine's clock from the last answered renewal, has only the child's grace left.
package struct LockRun: Sendable {
    /// Between SIGTERM and SIGKILL of a child whose lock is lost (Consul's own).
    static let childGrace = GoDuration.seconds(5)

    package let options: LockOptions
    package let client: ConsulClient
    /// The command that starts a guard of the child's group: this program, which calls
    /// `guardIfRequested`.
    package let guardCommand: [String]
    /// Writes to standard output, with `-verbose`.
    package let say: @Sendable (String) -> Void
    package let complain: @Sendable (String) -> Void

    package init(
        options: LockOptions, client: ConsulClient, guardCommand: [String],
        say: @escaping @Sendable (String) -> Void, complain: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.client = client
        self.guardCommand = guardCommand
        if options.isVerbose { self.say = say } else { self.say = { _ in } }
        self.complain = complain
    }

    /// Guards a child's group and exits, if this process was started as a guard.
    package static func guardIfRequested() { GroupGuard.runIfRequested(grace: childGrace) }

    enum Event: Sendable {
        case acquired(Result<UInt64?, LockError>)
        case lost(String)
        case childEnded(ChildEnding)
        case signalled(ProcessSignal)
        case holdEnded
    }

    /// Runs the command.
    /// - Returns: the exit code.
    package func run() async -> Int32 {
        let keeper: SessionKeeper
        say(
            options.limit == 1
                ? "Setting up lock at path: \(LockPath.lock(at: LockPath.cleaned(options.prefix)))"
                : "Setting up semaphore (limit \(options.limit)) at prefix: \(options.prefix)")
        say("Attempting lock acquisition")
        do throws(ConsulClientError) {
            keeper = try await makeSession()
        } catch {
            complain("Lock acquisition failed: \(LockError.session(error))")
            return options.exactCodes ? LockExit.noLock : LockExit.failed
        }
        let code = await run(holding: lock(keeper), keeper)
        await keeper.destroy()
        return code
    }

    private func lock(_ keeper: SessionKeeper) -> any HeldLock {
        let prefix = LockPath.cleaned(options.prefix)
        if options.isShared {
            return SharedLock(prefix: prefix, keeper: keeper, client: client)
        }
        if options.isFair { return FairLock(prefix: prefix, session: keeper.id, client: client) }
        if options.limit > 1 {
            return Semaphore(
                prefix: prefix, limit: options.limit, session: keeper.id, client: client)
        }
        return LockHolder(key: LockPath.lock(at: prefix), session: keeper.id, client: client)
    }

    private func makeSession() async throws(ConsulClientError) -> SessionKeeper {
        var session = NewSession()
        session.name = options.sessionName
        // A contender's key is useless without its session.
        session.behavior = (options.hasContenders ? SessionBehavior.delete : .release).rawValue
        return try await SessionKeeper.create(
            session, ttl: SessionKeeper.lockTTL, client: client)
    }

    private func run(holding lock: any HeldLock, _ keeper: SessionKeeper) async -> Int32 {
        let (events, feed) = AsyncStream.makeStream(of: Event.self)
        let signals = Task {
            var kinds = Set(ProcessSignal.allCases)
            // Under nohup the lock outlives its terminal, and so does the child.
            if Signals.isIgnored(.hangup) { kinds.remove(.hangup) }
            for await signal in Signals.stream(of: kinds) where signal != .user1 {
                feed.yield(.signalled(signal))
            }
        }
        let warden = Warden(command: guardCommand)
        let renewal = Task {
            if let loss = await keeper.run(
                margin: Self.childGrace, renewed: { warden.extend(until: $0) })
            {
                feed.yield(.lost("\(loss)"))
            }
        }
        defer {
            signals.cancel()
            renewal.cancel()
        }
        let limit = options.doesNotWait ? .zero : options.timeout
        let attempt = Task {
            do throws(LockError) {
                let token = try await lock.acquire(within: limit, now: SystemClock.now)
                feed.yield(.acquired(.success(token)))
            } catch {
                feed.yield(.acquired(.failure(error)))
            }
        }
        defer { attempt.cancel() }
        var iterator = events.makeAsyncIterator()
        switch await iterator.next() {
        case .acquired(.success(.some(let token))):
            var held = HeldRun(
                run: self, lock: lock, keeper: keeper, token: token, feed: feed, warden: warden)
            return await held.run(&iterator)
        case .acquired(.success(nil)):
            // The contender's own key may exist already.
            if options.hasContenders { try? await lock.releaseInTime() }
            return notAcquired(options.doesNotWait ? LockExit.skipped : nil)
        case .acquired(.failure(let error)):
            complain("Lock acquisition failed: \(error)")
            return options.exactCodes ? LockExit.noLock : LockExit.failed
        case .lost(let reason):
            complain("Lock acquisition failed: \(reason)")
            return options.exactCodes ? LockExit.noLock : LockExit.failed
        case .signalled(let signal):
            complain("Shutdown triggered or timeout during lock acquisition")
            return options.exactCodes
                ? LockExit.signalBase + signal.rawValue : LockExit.failed
        case .childEnded, .holdEnded, nil: return LockExit.failed
        }
    }

    /// Returns true when the session's remaining time is no more than the child's end may take.
    func isTooLate(_ keeper: SessionKeeper) -> Bool {
        keeper.aliveUntil - SystemClock.now() <= Self.childGrace
    }

    private func notAcquired(_ skipped: Int32?) -> Int32 {
        if let skipped {
            complain("Lock is held by another")
            return skipped
        }
        complain("Shutdown triggered or timeout during lock acquisition")
        return options.exactCodes ? LockExit.timedOut : LockExit.failed
    }
}
