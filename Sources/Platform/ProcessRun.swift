import Glibc
import Primitives
import Synchronization

/// Runs a program to its end.
package enum ProcessRun {
    private struct State {
        var child: ChildSupervisor?
        var isCancelled = false
    }

    /// Never throws: whatever happens is in the outcome. Returns when the child ended and its
    /// output is read, at the latest `timeout`, then `killGrace`, then `Limits.deathWaitMax` after
    /// its start. Cancelling the task kills the whole group at once.
    package static func run(_ spec: ProcessSpec) async -> ProcessOutcome {
        let start = SystemClock.now()
        let state = Mutex(State())
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                do throws(Spawn.Failure) {
                    let child = try ChildSupervisor.start(
                        spec, separateError: false, holdsInputOpen: false
                    ) { _ in collect(spec, since: start, continuation) }
                    let isCancelled = state.withLock {
                        $0.child = child
                        return $0.isCancelled
                    }
                    if isCancelled { cancel(child) }
                } catch {
                    continuation.resume(returning: failure(error.reason, since: start))
                }
            }
        } onCancel: {
            let child = state.withLock {
                $0.isCancelled = true
                return $0.child
            }
            if let child { cancel(child) }
        }
    }

    /// Kills every child of this process with its group, at once, and lets none start after. For the
    /// very end.
    package static func killAll() { ChildSupervisor.killAll() }

    private static func cancel(_ child: ChildSupervisor) {
        child.loop.execute { child.stop(.cancelled, with: SIGKILL) }
    }

    private static func failure(_ reason: String, since start: Instant) -> ProcessOutcome {
        ProcessOutcome(
            ending: .failedToStart(reason), output: "", outputTail: [], outputTotal: 0,
            duration: SystemClock.now() - start)
    }

    private static func collect(
        _ spec: ProcessSpec, since start: Instant,
        _ continuation: CheckedContinuation<ProcessOutcome, Never>
    ) -> ChildSupervisor.Delegate {
        var tail = TailBuffer(limit: max(1, spec.outputLimit))
        return ChildSupervisor.Delegate(
            output: {
                tail.append($0)
                return true
            },
            inputQueued: { _ in },
            inputClosed: {},
            ended: { ending in
                continuation.resume(
                    returning: ProcessOutcome(
                        ending: ending, output: tail.text, outputTail: tail.bytes,
                        outputTotal: tail.total, duration: SystemClock.now() - start))
            })
    }
}
