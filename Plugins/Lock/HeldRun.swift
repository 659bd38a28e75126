import ConsulClient
import Platform
import Primitives

/// The part of a run from the lock's acquisition to its release.
struct HeldRun {
    let run: LockRun
    let lock: any HeldLock
    let keeper: SessionKeeper
    let token: UInt64
    let feed: AsyncStream<LockRun.Event>.Continuation
    let warden: Warden

    private var options: LockOptions { run.options }

    /// Runs the child and releases the lock.
    /// - Returns: the exit code.
    mutating func run(
        _ events: inout AsyncStream<LockRun.Event>.Iterator
    ) async -> Int32 {
        let watch = Task { [lock, feed, retries = options.monitorRetries] in
            if let reason = await lock.watch(failuresMax: retries) { feed.yield(.lost(reason)) }
        }
        defer { watch.cancel() }
        run.say("Starting handler")
        if let problem = warden.begin(until: keeper.aliveUntil) {
            run.complain("The child runs without a guard: \(problem)")
        }
        let (starts, start) = AsyncStream.makeStream(of: Void.self)
        let handle = ProcessHandle { _ in start.finish() }
        let child = Task { [spec = spec(), feed] in
            feed.yield(.childEnded(await ProcessRun.run(spec, handle: handle).ending))
            start.finish()
        }
        // A signal that arrives before the child runs waits in `events`: it would have no receiver
        // yet.
        for await _ in starts {}
        let started = SystemClock.now()
        var isLost = false
        var stopper: ProcessSignal?
        var ending = ChildEnding.cancelled
        waiting: while let event = await events.next() {
            switch event {
            case .acquired, .holdEnded: break
            case .childEnded(let how):
                ending = how
                break waiting
            case .lost(let reason):
                if isLost { break }
                isLost = true
                run.say("Lock lost, killing child")
                run.complain("Lock lost: \(reason)")
                stop(handle, with: .terminate)
            case .signalled(.hangup):
                handle.signal(ProcessSignal.hangup.rawValue, toGroup: true)
            case .signalled(let signal):
                // The second signal kills at once.
                if stopper != nil {
                    child.cancel()
                } else {
                    run.say("Shutdown triggered, killing child")
                    stop(handle, with: signal)
                }
                stopper = signal
            }
        }
        await warden.end()
        if !isLost, stopper == nil, run.isTooLate(keeper) {
            // This process was stopped meanwhile, and the guard ended the child.
            isLost = true
            run.complain("Lock lost: its session could not be renewed in time")
        }
        report(ending, wasStopped: isLost || stopper != nil)
        if let hold = options.hold, !isLost, stopper == nil {
            await keep(until: started + hold, &events)
        }
        watch.cancel()
        let isReleased = await release(isLost: isLost)
        if isLost, options.exactCodes { return LockExit.lost }
        // The exact code is the child's: an unreachable agent does not change its success, and the
        // session's end releases the lock.
        if !isReleased, !options.exactCodes { return LockExit.failed }
        return code(of: ending, wasStopped: isLost || stopper != nil)
    }

    private func stop(_ handle: ProcessHandle, with signal: ProcessSignal) {
        if let pid = handle.pid { run.say("Terminating child pid \(pid)") }
        handle.stop(with: signal.rawValue)
    }

    /// Holds the lock for the rest of the time: a contender with a late clock would run the child
    /// once more.
    private func keep(
        until end: Instant, _ events: inout AsyncStream<LockRun.Event>.Iterator
    ) async {
        let left = end - SystemClock.now()
        guard left > .zero else { return }
        run.say("Holding the lock for \(left)")
        let timer = Task { [feed] in
            try? await Task.sleep(nanoseconds: UInt64(left.nanoseconds))
            feed.yield(.holdEnded)
        }
        defer { timer.cancel() }
        while let event = await events.next() {
            switch event {
            case .holdEnded, .lost, .signalled: return
            case .acquired, .childEnded: break
            }
        }
    }

    /// Describes the child. Its output is this process's own, so that the terminal or cron receives
    /// it directly.
    private func spec() -> ProcessSpec {
        var spec = ProcessSpec(options.child)
        var environment = [
            "CONSUL_LOCK_HELD": "true",
            "CONSUL_LOCK_KEY": lock.key,
            "CONSUL_LOCK_SESSION": keeper.id,
            "CONSUL_LOCK_INDEX": "\(token)",
        ]
        if options.isShared { environment["CONSUL_LOCK_SHARED"] = "true" }
        spec.environment = .inherited(adding: environment)
        spec.inheritsOutput = true
        spec.inputDescriptor = options.passesInput ? 0 : nil
        spec.announceDescriptor = warden.announceDescriptor
        spec.killTimeout = LockRun.childGrace
        return spec
    }

    private func report(_ ending: ChildEnding, wasStopped: Bool) {
        switch ending {
        case .exited(0): break
        case .failedToStart(let reason): run.complain("Error starting handler: \(reason)")
        case .signalled(let number):
            run.complain("Error running handler: \(SignalText.of(number))")
        default: run.complain("Error running handler: \(ending)")
        }
        run.say(wasStopped ? "Child terminated" : "Child terminated, releasing lock")
    }

    /// Releases the lock and removes its keys. A lost lock needs neither, but an agent that does
    /// not answer is a failure all the same, as in Consul: the child was killed because of it.
    /// - Returns: false when one failed, which is then reported.
    private func release(isLost: Bool) async -> Bool {
        do throws(LockError) {
            try await lock.releaseInTime()
        } catch {
            if isLost, !error.mayPass { return true }
            run.complain("Lock release failed: \(error)")
            return false
        }
        do throws(LockError) {
            run.say(
                try await lock.cleanUpInTime()
                    ? "Cleanup succeeded" : "Cleanup aborted, lock in use")
            return true
        } catch {
            if isLost, !error.mayPass { return true }
            run.complain("Lock cleanup failed: \(error)")
            return false
        }
    }

    private func code(of ending: ChildEnding, wasStopped: Bool) -> Int32 {
        if options.exactCodes {
            switch ending {
            case .exited(let code): return code
            case .signalled(let number): return LockExit.signalBase + number
            case .failedToStart: return LockExit.noProgram
            case .timedOut, .cancelled: return LockExit.failed
            }
        }
        if ending == .exited(0) || wasStopped { return LockExit.done }
        return options.returnsChildFailure ? LockExit.childFailed : LockExit.done
    }
}

/// Names the signal that ended a program, as Go does.
enum SignalText {
    static func of(_ number: Int32) -> String {
        let names: [Int32: String] = [
            1: "hangup", 2: "interrupt", 3: "quit", 6: "aborted", 9: "killed",
            11: "segmentation fault", 13: "broken pipe", 15: "terminated",
        ]
        return "signal: \(names[number] ?? "signal \(number)")"
    }
}
