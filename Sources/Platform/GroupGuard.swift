import CPosix
import Glibc
package import Primitives

/// Guarantees that a process group is dead by a deadline, even when the process that started it is
/// killed, stopped or broken. The guard is a process of its own, which receives the group and the
/// deadline over its standard input.
///
/// The deadline is on the monotonic clock, which all processes of a machine share.
package final class GroupGuard: Sendable {
    /// The variable that marks a guard in its environment.
    package static let variable = "CONSUL_GROUP_GUARD"

    private let child: ChildProcess
    /// The guard's input; the kernel closes it at the end of this process.
    private let pipe: Int32

    /// Starts a guard, so that the group is guarded from its first moment. The command must call
    /// `runIfRequested`.
    /// - Parameter until: the deadline of the group.
    package init(_ command: [String], until: Instant) throws(ChildProcessError) {
        var ends: [Int32] = [-1, -1]
        guard cposix_pipe(&ends, 0) == 0 else {
            throw .failedToStart("no pipe: \(errnoText(errno))")
        }
        defer { close(ends[0]) }
        var spec = ProcessSpec(command)
        spec.environment = .inherited(adding: [Self.variable: "1"])
        spec.inputDescriptor = ends[0]
        do throws(ChildProcessError) {
            child = try ChildProcess.start(spec)
        } catch {
            close(ends[1])
            throw error
        }
        pipe = ends[1]
        // A guard that does not read must not block this process: the pipe holds thousands of
        // lines.
        _ = fcntl(pipe, F_SETFL, fcntl(pipe, F_GETFL) | O_NONBLOCK)
        extend(until: until)
    }

    deinit { close(pipe) }

    /// The descriptor on which the guarded child announces itself
    /// (`ProcessSpec.announceDescriptor`).
    package var announceDescriptor: Int32 { pipe }

    /// Moves the group's deadline.
    package func extend(until: Instant) { write("u\(until.nanoseconds)\n") }

    private func write(_ line: String) {
        let bytes = Array(line.utf8)
        _ = Glibc.write(pipe, bytes, bytes.count)
    }

    /// Ends the guard: the group has ended, or needs no guard any more.
    package func dismiss() async { await child.terminate(signal: SIGKILL) }

    // MARK: In the guarding process

    /// Guards a group and exits, if this process was started as a guard.
    /// - Parameter grace: between SIGTERM and SIGKILL.
    package static func runIfRequested(grace: GoDuration) {
        guard getenv(variable) != nil else { return }
        guardGroup(grace: grace)
        exit(0)
    }

    private static func guardGroup(grace: GoDuration) {
        var until = Instant.distantFuture
        var group: Int32 = 0
        var line: [UInt8] = []
        while until == .distantFuture || until - grace > SystemClock.now() {
            let left = until == .distantFuture ? GoDuration.minutes(1) : until - SystemClock.now()
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let wait = Int32(clamping: max((left - grace).milliseconds + 1, 1))
            guard poll(&input, 1, wait) > 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 {  // the guarded group's starter is gone
                until = min(until, SystemClock.now() + grace)
                break
            }
            for byte in bytes[..<count] {
                if byte != UInt8(ascii: "\n") {
                    line.append(byte)
                    continue
                }
                let number = Int64(String(decoding: line.dropFirst(), as: UTF8.self)) ?? 0
                if line.first == UInt8(ascii: "g") { group = Int32(clamping: number) }
                if line.first == UInt8(ascii: "u") { until = Instant(nanoseconds: number) }
                line = []
            }
        }
        guard group > 1 else { return }
        kill(-group, SIGTERM)
        while SystemClock.now() < until, kill(-group, 0) == 0 { usleep(20_000) }
        kill(-group, SIGKILL)
    }
}

extension Instant {
    fileprivate static func - (instant: Instant, wait: GoDuration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds - wait.nanoseconds)
    }
}
