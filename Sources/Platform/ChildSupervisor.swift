import CPosix
import Glibc
import Primitives
import Synchronization

/// Supervises one child on the `PosixLoop`: feeds its input, reads its output, kills it in time,
/// and reports its end once. All members but `start` are for the loop's thread.
final class ChildSupervisor: @unchecked Sendable {
    /// Receives a child's output and end, on the loop's thread.
    struct Delegate {
        /// Returns false to pause the reading until `resumeOutput`.
        var output: (UnsafeRawBufferPointer) -> Bool
        var errorOutput: ((UnsafeRawBufferPointer) -> Void)?
        /// Receives the number of unwritten bytes after each change.
        var inputQueued: (Int) -> Void
        var inputClosed: () -> Void
        var ended: (ChildEnding) -> Void
    }

    private enum Phase { case running, asked, killed, over }

    private static let alive = Atomic<Int>(0)
    /// The groups that may be signalled: a child leaves the set before it is reaped.
    private static let groups = Mutex<(pids: Set<pid_t>, isClosed: Bool)>(([], false))

    /// Kills every child with its group, at once, and prevents further starts, at the end of this
    /// process.
    static func killAll() {
        groups.withLock { groups in
            groups.isClosed = true
            for pid in groups.pids { kill(-pid, SIGKILL) }
        }
    }

    let loop = PosixLoop.shared
    let pid: pid_t
    private let spec: ProcessSpec
    private var delegate: Delegate
    private var pidDescriptor: Int32
    private var pidWatch: PosixLoop.Token?
    private var output: PipeReader?
    private var errorOutput: PipeReader?
    private var input: PipeWriter?
    private var timer: PosixLoop.Token?
    private var phase = Phase.running
    private var exit: ChildEnding?
    /// The reason why this process killed the child; replaces the signal in the report.
    private var verdict: ChildEnding?
    private var isReaped = false
    /// A reference to itself: keeps the supervisor alive until the child's end is reported.
    private var selfReference: ChildSupervisor?

    /// Starts the child on the caller's thread and moves it to the loop.
    /// - Parameter makeDelegate: runs on the loop's thread, before any delivery.
    static func start(
        _ spec: ProcessSpec, separateError: Bool, holdsInputOpen: Bool,
        _ makeDelegate: @escaping @Sendable (ChildSupervisor) -> Delegate
    ) throws(Spawn.Failure) -> ChildSupervisor {
        _ = PosixLoop.shared  // SIGPIPE is ignored from here on
        guard alive.add(1, ordering: .relaxed).newValue <= Limits.childrenMax else {
            alive.subtract(1, ordering: .relaxed)
            throw Spawn.Failure(reason: "more than \(Limits.childrenMax) processes run already")
        }
        do throws(Spawn.Failure) {
            let pipes = try ChildPipes(
                needsInput: holdsInputOpen || !spec.standardInput.isEmpty,
                separateError: separateError, spec: spec)
            defer { pipes.closeChildEnds() }
            let started: Spawn.Started
            do throws(Spawn.Failure) {
                started = try Spawn.start(
                    spec, input: pipes.childInput, output: pipes.childOutput,
                    error: pipes.childError)
            } catch {
                pipes.closeOwnEnds()
                throw error
            }
            let isLate = groups.withLock { groups in
                groups.pids.insert(started.pid)
                return groups.isClosed
            }
            if isLate { kill(-started.pid, SIGKILL) }
            let child = ChildSupervisor(spec, started)
            let (input, output, error) = (pipes.ownInput, pipes.ownOutput, pipes.ownError)
            child.loop.execute {
                child.delegate = makeDelegate(child)
                child.begin(input: input, output: output, error: error, holds: holdsInputOpen)
            }
            return child
        } catch {
            alive.subtract(1, ordering: .relaxed)
            throw error
        }
    }

    private init(_ spec: ProcessSpec, _ started: Spawn.Started) {
        self.spec = spec
        pid = started.pid
        pidDescriptor = started.pidDescriptor
        delegate = Delegate(
            output: { _ in true }, inputQueued: { _ in }, inputClosed: {}, ended: { _ in })
    }

    private func begin(input: Int32, output: Int32, error: Int32, holds: Bool) {
        selfReference = self
        if output >= 0 {
            self.output = PipeReader(
                loop, output, deliver: { [unowned self] in delegate.output($0) },
                closed: { [unowned self] in
                    self.output = nil
                    finishIfDone()
                })
        }
        if error >= 0 {
            errorOutput = PipeReader(
                loop, error,
                deliver: { [unowned self] in
                    delegate.errorOutput?($0)
                    return true
                },
                closed: { [unowned self] in
                    errorOutput = nil
                    finishIfDone()
                })
        }
        if input >= 0 {
            let writer = PipeWriter(loop, input, closesWhenEmpty: !holds)
            writer.queued = { [unowned self] in delegate.inputQueued($0) }
            writer.closed = { [unowned self] in
                self.input = nil
                delegate.inputClosed()
            }
            self.input = writer
            writer.write(spec.standardInput)
        }
        if let timeout = spec.timeout {
            timer = loop.after(timeout) { [unowned self] in
                stop(.timedOut, with: spec.killSignal)
            }
        }
        watchForEnd()
    }

    // MARK: The end

    private func watchForEnd() {
        if pidDescriptor >= 0 {
            pidWatch = loop.watch(pidDescriptor, EPOLLIN.rawValue) { [unowned self] _ in
                noticeExit()
            }
        } else {
            pollForEnd()
        }
    }

    /// Polls for the child's end, on kernels without process descriptors.
    private func pollForEnd() {
        noticeExit()
        if exit == nil { _ = loop.after(.milliseconds(10)) { [unowned self] in pollForEnd() } }
    }

    /// Reads how the child ended but leaves it a zombie: until it is reaped its group's number
    /// cannot be reused, so that killing the group stays safe.
    private func noticeExit() {
        guard exit == nil else { return }
        var info = siginfo_t()
        guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0,
            info.si_signo == SIGCHLD
        else { return }
        let status = info._sifields._sigchld.si_status
        exit = info.si_code == CLD_EXITED ? .exited(status) : .signalled(status)
        closePidDescriptor()
        if phase == .over {  // its caller was answered before
            reap()
            return
        }
        // Kills the remaining processes of the child's group.
        if phase != .running || spec.killsGroupAtExit { kill(-pid, SIGKILL) }
        replaceTimer(Limits.drainAfterExitMax) { [unowned self] in finish() }
        finishIfDone()
    }

    private func finishIfDone() {
        if exit != nil && output == nil && errorOutput == nil { finish() }
    }

    private func finish() {
        guard phase != .over else { return }
        phase = .over
        if let timer { loop.cancelTimer(timer) }
        timer = nil
        output?.drainAndClose()
        errorOutput?.drainAndClose()
        input?.close()
        (output, errorOutput, input) = (nil, nil, nil)
        let ended = delegate.ended
        delegate = Delegate(
            output: { _ in true }, inputQueued: { _ in }, inputClosed: {}, ended: { _ in })
        ended(verdict ?? exit ?? .timedOut)
        if exit != nil { reap() }
    }

    private func reap() {
        guard !isReaped else { return }
        isReaped = true
        Self.groups.withLock { _ = $0.pids.remove(pid) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR { continue }
        Self.alive.subtract(1, ordering: .relaxed)
        selfReference = nil
    }

    private func closePidDescriptor() {
        if let pidWatch { loop.unwatch(pidWatch, pidDescriptor) }
        if pidDescriptor >= 0 { Glibc.close(pidDescriptor) }
        (pidWatch, pidDescriptor) = (nil, -1)
    }

    private func replaceTimer(_ wait: GoDuration, _ run: @escaping () -> Void) {
        if let timer { loop.cancelTimer(timer) }
        timer = loop.after(wait, run)
    }

    // MARK: From the owner, on the loop's thread

    /// Ends the child and all of its group; reports `verdict`, unless the child ended before.
    func stop(_ verdict: ChildEnding?, with signal: Int32) {
        guard phase == .running || (phase == .asked && signal == SIGKILL) else { return }
        if exit != nil {  // only its output is pending
            finish()
            return
        }
        self.verdict = self.verdict ?? verdict
        kill(-pid, signal)
        if signal == SIGKILL {
            phase = .killed
            replaceTimer(Limits.deathWaitMax) { [unowned self] in finish() }
        } else {
            phase = .asked
            replaceTimer(spec.killTimeout) { [unowned self] in stop(nil, with: SIGKILL) }
        }
    }

    func signal(_ number: Int32, toGroup: Bool = true) {
        if phase != .over && !isReaped { kill(toGroup ? -pid : pid, number) }
    }

    func write(_ bytes: [UInt8]) -> Bool {
        guard let input else { return false }
        input.write(bytes)
        return self.input != nil
    }

    func closeInput() { input?.closeWhenEmpty() }
    func resumeOutput() { output?.resume() }
}
