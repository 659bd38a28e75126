import CPosix
import Glibc
import Synchronization

/// A signal the agent answers to.
package enum ProcessSignal: Int32, Sendable, CaseIterable {
    case hangup = 1
    case interrupt = 2
    case user1 = 10
    case terminate = 15

    package var name: String {
        switch self {
        case .hangup: "SIGHUP"
        case .interrupt: "SIGINT"
        case .user1: "SIGUSR1"
        case .terminate: "SIGTERM"
        }
    }
}

/// The process's signals as a stream. Handlers are installed at the first call of `stream`, once
/// for the process; until then signals act as the system has it.
package enum Signals {
    private struct Listeners {
        var installed = false
        var next = 0
        var all: [Int: AsyncStream<ProcessSignal>.Continuation] = [:]
    }

    private static let listeners = Mutex(Listeners())

    /// Writing to a closed pipe or socket gives an error and no longer ends the process. Everything
    /// here that starts children or watches signals does this too.
    package static func ignorePipe() { _ = cposix_signal_ignore(SIGPIPE) }

    /// SIGHUP, SIGINT, SIGTERM and SIGUSR1 from now on. Each caller gets every signal. A burst that
    /// nobody reads keeps the newest 16.
    package static func stream() -> AsyncStream<ProcessSignal> {
        AsyncStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
            let id = listeners.withLock { state in
                if !state.installed {
                    state.installed = true
                    install()
                }
                state.next += 1
                state.all[state.next] = continuation
                return state.next
            }
            continuation.onTermination = { _ in
                listeners.withLock { $0.all[id] = nil }
            }
        }
    }

    private static func install() {
        ignorePipe()
        var ends: [Int32] = [0, 0]
        guard cposix_pipe(&ends, 1) == 0 else { return }
        let (reader, writer) = (ends[0], ends[1])
        for signal in ProcessSignal.allCases {
            _ = cposix_signal_to_descriptor(signal.rawValue, writer)
        }
        PosixLoop.shared.execute {
            _ = PosixLoop.shared.watch(reader, EPOLLIN.rawValue) { _ in
                var numbers = [UInt8](repeating: 0, count: 64)
                let count = Glibc.read(reader, &numbers, numbers.count)
                guard count > 0 else { return }
                let heard = numbers[..<count].compactMap { ProcessSignal(rawValue: Int32($0)) }
                let all = listeners.withLock { Array($0.all.values) }
                for signal in heard {
                    for continuation in all { continuation.yield(signal) }
                }
            }
        }
    }
}
