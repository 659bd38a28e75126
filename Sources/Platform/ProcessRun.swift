import Glibc
import Primitives
import Synchronization

/// The receivers of a child's output, instead of collecting it.
package struct OutputPassing: Sendable {
    package var output: @Sendable ([UInt8]) -> Void
    /// Nil merges standard error into standard output, in the order of writing.
    package var errorOutput: (@Sendable ([UInt8]) -> Void)?

    package init(merged output: @escaping @Sendable ([UInt8]) -> Void) {
        self.output = output
    }

    package init(
        output: @escaping @Sendable ([UInt8]) -> Void,
        errorOutput: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.output = output
        self.errorOutput = errorOutput
    }
}

/// A handle on a child of `ProcessRun`, which forwards signals to it. For one run.
package final class ProcessHandle: Sendable {
    private let child = Mutex<ChildSupervisor?>(nil)

    private let started: @Sendable (Int32) -> Void

    /// Makes a handle.
    /// - Parameter started: called with the child's number, which is its group's, once it runs.
    package init(started: @escaping @Sendable (Int32) -> Void = { _ in }) {
        self.started = started
    }

    /// The child's number, which is its group's; nil while none runs.
    package var pid: Int32? { child.withLock { $0?.pid } }

    /// Sends a signal to the child; does nothing while no child runs.
    /// - Parameter toGroup: also to the child's own children, as a terminal does.
    package func signal(_ number: Int32, toGroup: Bool) {
        guard let child = child.withLock({ $0 }) else { return }
        child.loop.execute { child.signal(number, toGroup: toGroup) }
    }

    /// Sends a signal to the child and returns when it is sent.
    package func deliver(_ number: Int32, toGroup: Bool) async {
        guard let child = child.withLock({ $0 }) else { return }
        await withCheckedContinuation { continuation in
            child.loop.execute {
                child.signal(number, toGroup: toGroup)
                continuation.resume()
            }
        }
    }

    /// Signals the child and all of its group, and kills the rest of them `killTimeout` later.
    package func stop(with number: Int32) {
        guard let child = child.withLock({ $0 }) else { return }
        child.loop.execute { child.stop(nil, with: number) }
    }

    func hold(_ supervisor: ChildSupervisor) {
        child.withLock { $0 = supervisor }
        started(supervisor.pid)
    }
}

/// Runs a program to its end.
package enum ProcessRun {
    private struct State {
        var child: ChildSupervisor?
        var isCancelled = false
    }

    /// Runs a program. Never throws: the outcome contains every failure. Returns when the child
    /// ended and its output is read, at the latest `timeout`, then `killTimeout`, then
    /// `Limits.deathWaitMax` after its start. Cancelling the task kills the whole group at once.
    /// - Parameter passing: gets standard output and standard error as they arrive, on a thread
    ///   that serves every child. Without it both are collected as one.
    package static func run(
        _ spec: ProcessSpec, passing: OutputPassing? = nil, handle: ProcessHandle? = nil
    ) async -> ChildOutcome {
        let start = SystemClock.now()
        let state = Mutex(State())
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                do throws(Spawn.Failure) {
                    let child = try ChildSupervisor.start(
                        spec, separateError: passing?.errorOutput != nil, holdsInputOpen: false
                    ) { _ in collect(spec, since: start, passing, continuation) }
                    handle?.hold(child)
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

    /// Kills every child of this process with its group, at once, and prevents further starts. For
    /// the very end.
    package static func killAll() { ChildSupervisor.killAll() }

    private static func cancel(_ child: ChildSupervisor) {
        child.loop.execute { child.stop(.cancelled, with: SIGKILL) }
    }

    private static func failure(_ reason: String, since start: Instant) -> ChildOutcome {
        ChildOutcome(
            ending: .failedToStart(reason), output: "", outputTail: [], outputTotal: 0,
            duration: SystemClock.now() - start)
    }

    private static func collect(
        _ spec: ProcessSpec, since start: Instant, _ passing: OutputPassing?,
        _ continuation: CheckedContinuation<ChildOutcome, Never>
    ) -> ChildSupervisor.Delegate {
        var tail = TailBuffer(limit: max(1, spec.outputLimit))
        return ChildSupervisor.Delegate(
            output: {
                if let passing { passing.output(Array($0)) } else { tail.append($0) }
                return true
            },
            errorOutput: { passing?.errorOutput?(Array($0)) },
            inputQueued: { _ in },
            inputClosed: {},
            ended: { ending in
                continuation.resume(
                    returning: ChildOutcome(
                        ending: ending, output: tail.text, outputTail: tail.bytes,
                        outputTotal: tail.total, duration: SystemClock.now() - start))
            })
    }
}
