import CPosix
import Glibc
import Synchronization

/// A signal that the agent handles.
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

/// The process's signals as a stream. A signal's handler is installed by the first `stream` that
/// includes it, once for the process; until then it has the system's action.
package enum Signals {
    private struct Listeners {
        var installed: Set<ProcessSignal> = []
        /// The handlers' write end; nil before the first.
        var pipe: Int32?
        var next = 0
        var all: [Int: Listener] = [:]
    }

    private struct Listener {
        let kinds: Set<ProcessSignal>
        let feed: AsyncStream<ProcessSignal>.Continuation
    }

    private static let listeners = Mutex(Listeners())

    /// Ignores SIGPIPE: writing to a closed pipe or socket gives an error and no longer ends the
    /// process. Every function here that starts children or watches signals does this too.
    package static func ignorePipe() { _ = cposix_signal_ignore(SIGPIPE) }

    /// The signals that request the end of a program without another use for them. The terminal's
    /// hangup (SIGHUP) is not caught: it ends such a program.
    package static let ends: Set<ProcessSignal> = [.interrupt, .terminate]

    /// Returns true when the signal was ignored at the program's start, as by `nohup`, or is since.
    package static func isIgnored(_ signal: ProcessSignal) -> Bool {
        var action = sigaction()
        guard sigaction(signal.rawValue, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Returns the signals of `kinds` from now on. Each caller gets every signal. A burst that is
    /// not read keeps the newest 16.
    package static func stream(
        of kinds: Set<ProcessSignal> = Set(ProcessSignal.allCases)
    ) -> AsyncStream<ProcessSignal> {
        AsyncStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
            let id = listeners.withLock { state in
                if state.pipe == nil { state.pipe = makePipe() }
                for kind in kinds.subtracting(state.installed) {
                    guard let pipe = state.pipe else { break }
                    _ = cposix_signal_to_descriptor(kind.rawValue, pipe)
                    state.installed.insert(kind)
                }
                state.next += 1
                state.all[state.next] = Listener(kinds: kinds, feed: continuation)
                return state.next
            }
            continuation.onTermination = { _ in
                listeners.withLock { $0.all[id] = nil }
            }
        }
    }

    /// Makes the pipe of the handlers.
    /// - Returns: the write end.
    private static func makePipe() -> Int32? {
        ignorePipe()
        var ends: [Int32] = [0, 0]
        guard cposix_pipe(&ends, 1) == 0 else { return nil }
        let (reader, writer) = (ends[0], ends[1])
        PosixLoop.shared.execute {
            _ = PosixLoop.shared.watch(reader, EPOLLIN.rawValue) { _ in
                var numbers = [UInt8](repeating: 0, count: 64)
                let count = Glibc.read(reader, &numbers, numbers.count)
                guard count > 0 else { return }
                let received = numbers[..<count].compactMap { ProcessSignal(rawValue: Int32($0)) }
                let all = listeners.withLock { Array($0.all.values) }
                for signal in received {
                    for listener in all where listener.kinds.contains(signal) {
                        listener.feed.yield(signal)
                    }
                }
            }
        }
        return writer
    }
}
