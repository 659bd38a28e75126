import CPosix
import Glibc
import Primitives
import Synchronization

/// One thread that waits for children, their pipes and signals, and runs their callbacks.
///
/// All work on children happens on it, so that it needs no locks, and dozens of children cost one
/// thread. Callbacks must not block.
final class PosixLoop: Sendable {
    static let shared = PosixLoop()

    typealias Token = UInt64
    typealias Callback = (_ events: UInt32) -> Void

    private struct Shared {
        var commands: [@Sendable () -> Void] = []
    }

    /// The state confined to the loop's thread.
    private final class Confined {
        var callbacks: [Token: Callback] = [:]
        var timers: [Token: (at: Instant, run: () -> Void)] = [:]
        var nextToken: Token = 1
    }

    private let epoll: Int32
    private let wakeup: Int32
    private let shared = Mutex(Shared())
    private nonisolated(unsafe) let confined = Confined()

    private init() {
        _ = cposix_signal_ignore(SIGPIPE)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(epoll >= 0 && wakeup >= 0, "no descriptors: \(errnoText(errno))")
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: 0))
        epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event)
        SystemThread.start("posix-loop") { self.run() }
    }

    /// Schedules `command` on the loop's thread. Callable from any thread.
    func execute(_ command: @escaping @Sendable () -> Void) {
        let first = shared.withLock {
            $0.commands.append(command)
            return $0.commands.count == 1
        }
        guard first else { return }
        var one: UInt64 = 1
        _ = Glibc.write(wakeup, &one, 8)
    }

    // MARK: On the loop's thread only

    /// Calls back with the ready events until `unwatch`. The caller keeps owning the descriptor.
    func watch(_ descriptor: Int32, _ events: UInt32, _ callback: @escaping Callback) -> Token {
        let token = newToken()
        var event = epoll_event(events: events, data: epoll_data_t(u64: token))
        confined.callbacks[token] = callback
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
        return token
    }

    func change(_ token: Token, _ descriptor: Int32, _ events: UInt32) {
        var event = epoll_event(events: events, data: epoll_data_t(u64: token))
        epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
    }

    func unwatch(_ token: Token, _ descriptor: Int32) {
        confined.callbacks[token] = nil
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
    }

    func after(_ wait: GoDuration, _ run: @escaping () -> Void) -> Token {
        let token = newToken()
        confined.timers[token] = (SystemClock.now() + wait, run)
        return token
    }

    func cancelTimer(_ token: Token) { confined.timers[token] = nil }

    private func newToken() -> Token {
        defer { confined.nextToken += 1 }
        return confined.nextToken
    }

    private func run() {
        var ready = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(epoll, &ready, Int32(ready.count), millisecondsToNextTimer())
            for i in 0..<max(0, Int(count)) {
                let token = ready[i].data.u64
                if token == 0 {
                    runCommands()
                } else {
                    confined.callbacks[token]?(ready[i].events)
                }
            }
            runTimers()
        }
    }

    private func runCommands() {
        var count: UInt64 = 0
        _ = Glibc.read(wakeup, &count, 8)
        let commands = shared.withLock {
            let all = $0.commands
            $0.commands = []
            return all
        }
        for command in commands { command() }
    }

    /// Returns the time to the next timer. Timers are few (two a child at most), so they are
    /// searched, not sorted.
    private func millisecondsToNextTimer() -> Int32 {
        guard let next = confined.timers.values.map(\.at).min() else { return -1 }
        let wait = (next - SystemClock.now()).nanoseconds
        return Int32(clamping: max(0, (wait + 999_999) / 1_000_000))
    }

    private func runTimers() {
        guard !confined.timers.isEmpty else { return }
        let now = SystemClock.now()
        for (token, timer) in confined.timers.filter({ $0.value.at <= now }) {
            confined.timers[token] = nil
            timer.run()
        }
    }
}

/// A plain thread for the few tasks that block or wait on the system.
enum SystemThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let code = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<Body>.fromOpaque(raw!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        precondition(code == 0, "no thread for \(name): \(errnoText(code))")
        cposix_thread_name(thread, name)
        pthread_detach(thread)
    }
}
