import CPosix
import Glibc
import Primitives

/// The pipes between this process and a child. This process's ends never block; every end is
/// close-on-exec.
struct ChildPipes {
    private(set) var childInput: Int32 = -1
    private(set) var childOutput: Int32 = -1
    private(set) var childError: Int32 = -1
    private(set) var ownInput: Int32 = -1
    private(set) var ownOutput: Int32 = -1
    private(set) var ownError: Int32 = -1

    init(
        needsInput: Bool, separateError: Bool, spec: ProcessSpec
    ) throws(Spawn.Failure) {
        let isComplete = open(needsInput: needsInput, separateError: separateError, spec)
        guard isComplete else {
            let reason = "no pipe: \(errnoText(errno))"
            closeChildEnds()
            closeOwnEnds()
            throw Spawn.Failure(reason: reason)
        }
    }

    private mutating func open(
        needsInput: Bool, separateError: Bool, _ spec: ProcessSpec
    ) -> Bool {
        var ends: [Int32] = [-1, -1]
        if let input = spec.inputDescriptor {
            childInput = fcntl(input, F_DUPFD_CLOEXEC, 3)
            guard childInput >= 0 else { return false }
        } else if needsInput {
            guard cposix_pipe(&ends, 0) == 0 else { return false }
            (childInput, ownInput) = (ends[0], ends[1])
            setNonBlocking(ownInput)
        } else {
            childInput = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard childInput >= 0 else { return false }
        }
        if spec.inheritsOutput {
            childOutput = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
            childError = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
            return childOutput >= 0 && childError >= 0
        }
        guard cposix_pipe(&ends, 0) == 0 else { return false }
        (ownOutput, childOutput) = (ends[0], ends[1])
        setNonBlocking(ownOutput)
        guard separateError else {
            childError = childOutput
            return true
        }
        guard cposix_pipe(&ends, 0) == 0 else { return false }
        (ownError, childError) = (ends[0], ends[1])
        setNonBlocking(ownError)
        return true
    }

    /// Sets this process's end only: the child's end must block, as programs expect.
    private func setNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    func closeChildEnds() {
        if childError >= 0 && childError != childOutput { close(childError) }
        if childOutput >= 0 { close(childOutput) }
        if childInput >= 0 { close(childInput) }
    }

    func closeOwnEnds() {
        for descriptor in [ownInput, ownOutput, ownError] where descriptor >= 0 {
            close(descriptor)
        }
    }
}

/// Reads a pipe on the loop until its end. On the loop's thread only.
final class PipeReader {
    private let loop: PosixLoop
    private var descriptor: Int32
    private var watch: PosixLoop.Token?
    private let deliver: (UnsafeRawBufferPointer) -> Bool
    private let closed: () -> Void
    private var isPaused = false

    init(
        _ loop: PosixLoop, _ descriptor: Int32,
        deliver: @escaping (UnsafeRawBufferPointer) -> Bool, closed: @escaping () -> Void
    ) {
        self.loop = loop
        self.descriptor = descriptor
        self.deliver = deliver
        self.closed = closed
        watch = loop.watch(descriptor, EPOLLIN.rawValue) { [unowned self] _ in
            if read(turns: Limits.pipeReadsPerTurnMax) { end() }
        }
    }

    func resume() {
        guard isPaused, let watch else { return }
        isPaused = false
        loop.change(watch, descriptor, EPOLLIN.rawValue)
    }

    /// Reads the pipe's present content and closes it, without calling `closed`.
    func drainAndClose() {
        guard descriptor >= 0 else { return }
        if !isPaused { _ = read(turns: 2) }
        close()
    }

    /// Reads the pipe. Returns true at its end.
    private func read(turns: Int) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Limits.pipeReadBytes, alignment: 16) { space in
            for _ in 0..<turns {
                guard descriptor >= 0, !isPaused else { return false }
                let count = Glibc.read(descriptor, space.baseAddress, space.count)
                if count == 0 { return true }
                if count < 0 { return errno != EAGAIN && errno != EINTR }
                if !deliver(UnsafeRawBufferPointer(rebasing: space[..<count])), let watch {
                    isPaused = true
                    loop.change(watch, descriptor, 0)
                }
            }
            return false
        }
    }

    private func end() {
        guard descriptor >= 0 else { return }
        close()
        closed()
    }

    private func close() {
        if let watch { loop.unwatch(watch, descriptor) }
        Glibc.close(descriptor)
        (watch, descriptor) = (nil, -1)
    }
}

/// Writes to a pipe on the loop, queueing bytes that do not fit yet. On the loop's thread only. Its
/// owner bounds the queue.
final class PipeWriter {
    private let loop: PosixLoop
    private var descriptor: Int32
    private var watch: PosixLoop.Token?
    private var pending: [UInt8] = []
    private var written = 0
    private var closesWhenEmpty: Bool
    var queued: (Int) -> Void = { _ in }
    var closed: () -> Void = {}

    init(_ loop: PosixLoop, _ descriptor: Int32, closesWhenEmpty: Bool) {
        self.loop = loop
        self.descriptor = descriptor
        self.closesWhenEmpty = closesWhenEmpty
    }

    func write(_ bytes: [UInt8]) {
        guard descriptor >= 0 else { return }
        pending.append(contentsOf: bytes)
        flush()
    }

    func closeWhenEmpty() {
        closesWhenEmpty = true
        flush()
    }

    /// Drops the unwritten bytes and closes the pipe.
    func close() {
        guard descriptor >= 0 else { return }
        if let watch { loop.unwatch(watch, descriptor) }
        Glibc.close(descriptor)
        (watch, descriptor) = (nil, -1)
        pending = []
    }

    private func flush() {
        while descriptor >= 0 && written < pending.count {
            let count = pending[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                waitForRoom()
                break
            } else if errno != EINTR {
                end()
                return
            }
        }
        let left = pending.count - written
        if left == 0 {
            pending.removeAll(keepingCapacity: pending.capacity <= Limits.pipeReadBytes)
            written = 0
            if let watch { loop.unwatch(watch, descriptor) }
            watch = nil
            if closesWhenEmpty {
                end()
                return
            }
        } else if written > Limits.pipeReadBytes {
            pending.removeFirst(written)
            written = 0
        }
        queued(left)
    }

    private func waitForRoom() {
        guard watch == nil else { return }
        watch = loop.watch(descriptor, EPOLLOUT.rawValue) { [unowned self] _ in flush() }
    }

    private func end() {
        guard descriptor >= 0 else { return }
        close()
        closed()
    }
}
