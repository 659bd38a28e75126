import ConsulModel
import PluginAPI
import Primitives
import Synchronization

/// One run of a program, from its start to its end: the requests under way and the lines in both
/// directions.
///
/// `run` reads and writes until the program ends or a fault ends it. Every `request` is answered
/// exactly once, whatever the program does.
final class ProgramSession: Sendable {
    enum Answer: Sendable {
        case hello(Manifest)
        case result(CheckObservation)
        case outcome(HandlerOutcome)
        /// No answer in time; the text is the program's last log line about the request.
        case timedOut(lastLine: String)
        case cancelled
        /// The program ended, or was killed for the reason given.
        case ended(String)
        /// The request was not sent.
        case refused(String)
    }

    private struct Request {
        var continuation: CheckedContinuation<Answer, Never>
        var timer: Task<Void, Never>?
        var lastLine = ""
    }

    private struct State {
        var nextID: Int64 = 1
        var requests: [Int64: Request] = [:]
        var outbox: [[UInt8]] = []
        var outboxBytes = 0
        var writer: CheckedContinuation<Void, Never>?
        var isOver = false
        /// The reason why the agent ended it; empty when it ended by itself.
        var verdict = ""
        var silentRequests = 0
        var meter = LineMeter()
        var errorBytesSeen = 0
    }

    /// The request that `hello` answers; no other request has this number.
    private static let helloID: Int64 = 0

    private let process: any LineProcess
    private let clock: any WaitingClock
    private let times: PluginTimes
    private let log: @Sendable (PluginLogLevel, String) -> Void
    private let state = Mutex(State())

    init(
        _ process: any LineProcess, clock: any WaitingClock, times: PluginTimes,
        log: @escaping @Sendable (PluginLogLevel, String) -> Void
    ) {
        self.process = process
        self.clock = clock
        self.times = times
        self.log = log
    }

    // MARK: Life

    /// Sends the `hello` and starts serving; returns the answer, or the reason why there is none.
    /// To be called once.
    func open(agentVersion: String) async -> (Answer, serving: Task<String, Never>) {
        let line = AgentMessage.hello(agentVersion: agentVersion)
        let serving = Mutex<Task<String, Never>?>(nil)
        // Reading starts when the answer is awaited: a program may send its `hello` first.
        let answer = await request(id: Self.helloID, line, times.handshake) {
            serving.withLock { $0 = Task { await run() } }
        }
        return (answer, serving.withLock { $0 } ?? Task { await run() })
    }

    /// Serves until the program is gone with its whole group.
    /// - Returns: why it ended, with the end of its stderr.
    private func run() async -> String {
        let writing = Task { await write() }
        let looking = Task { await look() }
        while let line = await process.nextLine() {
            take(line)
            if state.withLock({ !$0.verdict.isEmpty }) { break }
        }
        let ending = await process.stop()
        let verdict = state.withLock { $0.verdict }
        var reason = verdict.isEmpty ? "the program ended: \(ending)" : verdict
        let said = Self.quote(process.stderrTail())
        if !said.isEmpty { reason += "; stderr: \(said)" }
        finish(reason)
        looking.cancel()
        writing.cancel()
        await writing.value
        return reason
    }

    /// Ends the program for a fault; `run` cleans up.
    func kill(_ verdict: String) {
        let isFirst = state.withLock { state in
            defer { if state.verdict.isEmpty { state.verdict = verdict } }
            return state.verdict.isEmpty && !state.isOver
        }
        guard isFirst else { return }
        Task { await process.stop() }
    }

    /// Requests the program's end, and kills it after the timeout.
    func shutdown() {
        _ = enqueue(AgentMessage.shutdown)
        Task {
            await clock.sleep(until: clock.now() + times.shutdown)
            await process.stop()
        }
    }

    private func finish(_ reason: String) {
        let (requests, writer) = state.withLock { state in
            state.isOver = true
            defer {
                state.requests = [:]
                state.outbox = []
                state.outboxBytes = 0
                state.writer = nil
            }
            return (state.requests, state.writer)
        }
        writer?.resume()
        for request in requests.values {
            request.timer?.cancel()
            request.continuation.resume(returning: .ended(reason))
        }
    }

    /// Returns the last lines of stderr, on one line.
    private static func quote(_ tail: String) -> String {
        let kept = String(decoding: tail.utf8.suffix(Limits.quotedErrorBytesMax), as: UTF8.self)
        return kept.split(whereSeparator: { $0.isNewline }).joined(separator: " | ")
    }

    // MARK: Requests

    func probe(_ request: ProbeRequest) async -> Answer {
        let id = newID()
        return await self.request(id: id, AgentMessage.probe(request, id: id), request.timeout)
    }

    func handle(_ request: HandleRequest) async -> Answer {
        let id = newID()
        return await self.request(id: id, AgentMessage.handle(request, id: id), request.timeout)
    }

    private func newID() -> Int64 {
        state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
    }

    /// Sends a request and returns its answer.
    /// - Parameter begin: called once the answer is awaited; not if the request is refused.
    private func request(
        id: Int64, _ line: [UInt8], _ timeout: GoDuration, begin: () -> Void = {}
    ) async -> Answer {
        guard line.count <= Limits.lineBytesMax else {
            return .refused(
                "the request is \(line.count) bytes, a program takes \(Limits.lineBytesMax)")
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let refusal = state.withLock { state -> Answer? in
                    if Task.isCancelled { return .cancelled }
                    if state.isOver { return .ended("the program has ended") }
                    if state.requests.count >= Limits.requestsMax {
                        return .refused("\(Limits.requestsMax) requests are under way already")
                    }
                    if state.outboxBytes + line.count > Limits.outboxBytesMax {
                        return .refused("the program does not read its requests")
                    }
                    state.requests[id] = Request(continuation: continuation)
                    return nil
                }
                if let refusal {
                    continuation.resume(returning: refusal)
                } else {
                    startTimer(id, timeout)
                    _ = enqueue(line)
                    begin()
                }
            }
        } onCancel: {
            if answer(id, .cancelled) { _ = enqueue(AgentMessage.cancel(id: id)) }
        }
    }

    private func startTimer(_ id: Int64, _ timeout: GoDuration) {
        let timer = Task {
            guard await clock.sleep(until: clock.now() + timeout) else { return }
            runOut(id)
        }
        let isAnswered = state.withLock { state in
            state.requests[id]?.timer = timer
            return state.requests[id] == nil
        }
        if isAnswered { timer.cancel() }
    }

    private func runOut(_ id: Int64) {
        let lastLine = state.withLock { state in
            if state.requests[id] != nil { state.silentRequests += 1 }
            return state.requests[id]?.lastLine ?? ""
        }
        guard answer(id, .timedOut(lastLine: lastLine)), id != Self.helloID else { return }
        if state.withLock({ $0.silentRequests }) >= Limits.silentRequestsMax {
            kill("\(Limits.silentRequestsMax) requests in a row had no answer in time")
        } else {
            _ = enqueue(AgentMessage.cancel(id: id))
        }
    }

    /// Delivers an answer.
    /// - Returns: false when no request waits for it (any more).
    private func answer(_ id: Int64, _ answer: Answer) -> Bool {
        guard let request = state.withLock({ $0.requests.removeValue(forKey: id) }) else {
            return false
        }
        request.timer?.cancel()
        request.continuation.resume(returning: answer)
        return true
    }

    // MARK: Lines to the program

    private func enqueue(_ line: [UInt8]) -> Bool {
        let (isTaken, writer) = state.withLock { state in
            guard !state.isOver, state.outboxBytes + line.count <= Limits.outboxBytesMax else {
                return (false, nil as CheckedContinuation<Void, Never>?)
            }
            state.outbox.append(line)
            state.outboxBytes += line.count
            return (true, state.writer.take())
        }
        writer?.resume()
        return isTaken
    }

    private func write() async {
        while true {
            let (line, isOver) = state.withLock { state in
                let line = state.outbox.isEmpty ? nil : state.outbox.removeFirst()
                state.outboxBytes -= line?.count ?? 0
                return (line, state.isOver)
            }
            if isOver { return }
            if let line {
                let guarding = Task {
                    if await clock.sleep(until: clock.now() + times.send) {
                        kill("it has not read its input for \(times.send)")
                    }
                }
                let isSent = await process.send(line)
                guarding.cancel()
                if isSent { continue }
                // Most likely the program has just ended, and its ending is about to be reported.
                await clock.sleep(until: clock.now() + times.shutdown)
                return kill("it takes no more input")
            }
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if !state.outbox.isEmpty || state.isOver { return true }
                    state.writer = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        }
    }

    // MARK: Lines from the program

    private func take(_ line: [UInt8]) {
        let now = clock.now()
        let isFlood = state.withLock { $0.meter.countLine(at: now, window: times.window) }
        if isFlood {
            return kill("it wrote more than \(Limits.linesMax) lines in \(times.window)")
        }
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
        if line.count >= Limits.lineBytesMax {
            return garbage(line, "a line of more than \(Limits.lineBytesMax) bytes")
        }
        do throws(ProgramFault) {
            try take(try ProgramMessage(line: line))
        } catch {
            garbage(line, error.description)
        }
    }

    private func take(_ message: ProgramMessage) throws(ProgramFault) {
        state.withLock { $0.silentRequests = 0 }
        switch message {
        case .hello(let manifest):
            guard answer(Self.helloID, .hello(manifest)) else {
                throw ProgramFault("a second hello")
            }
        case .result(let id, let observation): _ = answer(id, .result(observation))
        case .outcome(let id, let outcome): _ = answer(id, .outcome(outcome))
        case .log(let id, let level, let text):
            if id > 0 { state.withLock { $0.requests[id]?.lastLine = text } }
            logBounded(level, text)
        }
    }

    private func garbage(_ line: [UInt8], _ reason: String) {
        let count = state.withLock { state in
            state.meter.garbage += 1
            return state.meter.garbage
        }
        // A refused `hello` stays refused: the program need not be waited for.
        if line.starts(with: Array("{".utf8)), state.withLock({ $0.requests[Self.helloID] != nil })
        {
            return kill(reason)
        }
        logBounded(
            .warn, "not understood: \(reason): \(String(decoding: line.prefix(200), as: UTF8.self))"
        )
        if count >= Limits.garbageLinesMax {
            kill("it wrote \(count) lines that are not of the protocol, the last: \(reason)")
        }
    }

    /// Writes to the agent's log, within the program's bound of lines.
    private func logBounded(_ level: PluginLogLevel, _ text: String) {
        let count = state.withLock { state in
            state.meter.logged += 1
            return state.meter.logged
        }
        if count < Limits.logLinesMax {
            log(level, text)
        } else if count == Limits.logLinesMax {
            log(.warn, "it logs too much: further lines are dropped for up to \(times.window)")
        }
    }

    /// Checks the volume of stderr periodically, which is not read line by line.
    private func look() async {
        let looks = max(1, times.window.nanoseconds / max(1, times.look.nanoseconds))
        let allowed = Limits.errorBytesMax / Int(looks)
        while await clock.sleep(until: clock.now() + times.look) {
            let total = process.stderrTotal
            let grown = state.withLock { state in
                defer { state.errorBytesSeen = total }
                return total - state.errorBytesSeen
            }
            if grown > allowed { kill("it wrote \(grown) bytes to stderr in \(times.look)") }
        }
    }
}

/// Counts a program's lines over a window of time.
struct LineMeter {
    private var began: Instant?
    private var lines = 0
    var garbage = 0
    var logged = 0

    /// Counts a line.
    /// - Returns: true when there are too many.
    mutating func countLine(at now: Instant, window: GoDuration) -> Bool {
        if let began, now - began < window {
            lines += 1
        } else {
            self = LineMeter()
            began = now
            lines = 1
        }
        return lines > Limits.linesMax
    }
}
