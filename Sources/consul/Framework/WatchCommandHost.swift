import ConsulClient
import ConsulModel
import Platform
import PluginAPI
import Primitives
import Watch
import Wire

/// The command line's host of a `WatchPlan`: queries over HTTP, runs the child, ends as its options
/// define.
struct WatchCommandHost {
    struct Options {
        var endsAfterOne = false
        var timeout: GoDuration?
        var passesExactCode = false
    }

    let definition: WatchDefinition
    let client: ConsulClient
    let console: Console
    /// The child's words; if empty, the data are printed once.
    let child: [String]
    let options: Options

    private enum Event: Sendable {
        case answered(Result<WatchAnswer, ConsulClientError>)
        /// The last value is the message to print, if any.
        case childEnded(number: UInt64, Int32, String?)
        case signalled(ProcessSignal)
        case timedOut
    }

    func run() async -> Int32 {
        var plan: WatchPlan
        do throws(WatchError) {
            plan = try WatchPlan(definition)
        } catch {
            console.error("\(error)")
            return 1
        }
        let (events, feed) = AsyncStream.makeStream(of: Event.self)
        let signals = Task {
            for await signal in Signals.stream(of: Signals.ends) {
                feed.yield(.signalled(signal))
            }
        }
        defer { signals.cancel() }
        var work = Work()
        defer { work.cancel() }
        work.quiet = quietTimer(feed)
        carryOut(plan.start(), &work, feed)
        for await event in events {
            let input: WatchPlan.Input
            var failure: ConsulClientError?
            switch event {
            case .signalled(let signal):
                await work.leave(with: signal)
                return 0
            case .timedOut: return 3
            case .childEnded(let number, let code, let complaint):
                if let complaint { console.error(complaint) }
                if code != 0 { return options.passesExactCode ? code : 1 }
                if options.endsAfterOne { return 0 }
                work.runs[number] = nil
                input = .runEnded(number: number, succeeded: true)
            case .answered(.success(let answer)):
                if child.isEmpty {
                    console.out(printed(answer.content))
                    return 0
                }
                input = .answer(source: 0, answer)
            case .answered(.failure(let error)):
                if error.status == 400 {
                    console.error("Error querying Consul agent: \(error)")
                    return 1
                }
                input = .failed(source: 0)
                failure = error
            }
            let directives = plan.step(input, now: SystemClock.now())
            if let failure { report(failure, retriedBy: directives) }
            carryOut(directives, &work, feed)
        }
        return 1
    }

    /// The pending work: one query, one timer, and the runs of the child.
    ///
    /// SIGINT and SIGTERM end the watch at once. They are forwarded to the child too, which may end
    /// later, or not at all: it writes to the terminal itself.
    private struct Work {
        var query: Task<Void, Never>?
        var quiet: Task<Void, Never>?
        var runs: [UInt64: Task<Void, Never>] = [:]
        var handles: [UInt64: ProcessHandle] = [:]

        /// Forwards an interrupt to the child's whole group, as a terminal does, and any other
        /// signal to the child alone.
        mutating func leave(with signal: ProcessSignal) async {
            for number in runs.keys {
                await handles[number]?.deliver(signal.rawValue, toGroup: signal == .interrupt)
            }
            // The remaining children are no longer ours to end.
            runs = [:]
        }

        func cancel() {
            query?.cancel()
            quiet?.cancel()
            for run in runs.values { run.cancel() }
        }
    }

    /// Yields `.timedOut` when nothing has changed for the duration of `-timeout`.
    private func quietTimer(_ feed: AsyncStream<Event>.Continuation) -> Task<Void, Never>? {
        guard let timeout = options.timeout else { return nil }
        return Task {
            do {
                try await Task.sleep(nanoseconds: UInt64(max(0, timeout.nanoseconds)))
                feed.yield(.timedOut)
            } catch {
                // A change has started another timer.
            }
        }
    }

    private func carryOut(
        _ directives: [WatchPlan.Directive], _ work: inout Work,
        _ feed: AsyncStream<Event>.Continuation
    ) {
        for directive in directives {
            switch directive {
            case .query(_, let after):
                work.query = Task { feed.yield(.answered(await read(after))) }
            case .repeatQuery(_, let instant):
                work.query = Task {
                    guard await Self.pause(until: instant) else { return }
                    feed.yield(.answered(await read(nil)))
                }
            case .fire(let firing):
                work.quiet?.cancel()
                work.quiet = quietTimer(feed)
                let handle = ProcessHandle()
                work.handles = [firing.number: handle]
                work.runs[firing.number] = Task {
                    let (code, complaint) = await runChild(firing, handle)
                    feed.yield(.childEnded(number: firing.number, code, complaint))
                }
            case .reportDroppedEvents(let count):
                console.error(
                    "\(count) events were dropped: the handler is too slow")
            case .cancelRun, .wake, .deadLetter, .remember: break
            }
        }
    }

    /// - Returns: false when the task was cancelled.
    private static func pause(until instant: Instant) async -> Bool {
        let wait = max(0, (instant - SystemClock.now()).nanoseconds)
        return (try? await Task.sleep(nanoseconds: UInt64(wait))) != nil
    }

    /// Logs a failed query as Consul does: an agent that restarts, or a datacenter that elects a
    /// leader, interrupts the watch and does not end it. Only a refused request ends it (400),
    /// which retrying cannot fix.
    private func report(_ error: ConsulClientError, retriedBy directives: [WatchPlan.Directive]) {
        var retry = GoDuration.zero
        for case .repeatQuery(_, let instant) in directives {
            retry = instant - SystemClock.now()
        }
        let seconds = (retry.nanoseconds + 500_000_000) / 1_000_000_000
        console.error(
            "\(SystemClock.wallText()) [ERROR] watch.watch: Watch errored: "
                + "type=\(definition.source.type) error=\"\(error)\" "
                + "retry=\(GoDuration.seconds(seconds))")
    }

    /// Go's names of the signals that end a program.
    private enum SignalText {
        static func of(_ number: Int32) -> String {
            let names: [Int32: String] = [
                1: "hangup", 2: "interrupt", 3: "quit", 6: "aborted", 9: "killed",
                11: "segmentation fault", 13: "broken pipe", 15: "terminated",
            ]
            return "signal: \(names[number] ?? "signal \(number)")"
        }
    }

    /// Indents by four spaces, as Consul prints it.
    private func printed(_ content: WatchContent) -> String {
        OrderedJSON.text(encoded: content.json)
    }

    private func read(_ after: WatchIndex?) async -> Result<WatchAnswer, ConsulClientError> {
        do throws(ConsulClientError) {
            return .success(try await client.watch(definition.source, after: after))
        } catch {
            return .failure(error)
        }
    }

    private func runChild(_ firing: WatchFiring, _ handle: ProcessHandle) async
        -> (code: Int32, complaint: String?)
    {
        var spec = ProcessSpec(child)
        spec.standardInput = firing.payload
        spec.environment = .inherited(adding: firing.environment)
        spec.inheritsOutput = true
        switch await ProcessRun.run(spec, handle: handle).ending {
        case .exited(0): return (0, nil)
        case .exited(let code):
            return (code, "Error executing handler: exit status \(code)")
        case .signalled(let number):
            return (128 + number, "Error executing handler: \(SignalText.of(number))")
        case .timedOut, .cancelled: return (1, nil)
        case .failedToStart(let reason):
            return (127, "Error starting handler: \(reason)")
        }
    }
}
