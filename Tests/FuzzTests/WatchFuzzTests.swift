import ConsulModel
import Primitives
import Testing
import Wire

@testable import Watch

/// Random lives of a watch: its guarantees hold for any input in any order.
@Suite(.timeLimit(.minutes(60))) struct WatchFuzzTests {
    @Test(arguments: ["coalesce", "queue", "cancel", "parallel(3)"])
    func states(onBusy: String) {
        Fuzz.run("WatchFuzzTests/states", rounds: 1500) { random in
            try Self.life(&random, onBusy, isEventWatch: false)
        }
    }

    @Test(arguments: ["coalesce", "queue", "cancel", "parallel(3)"])
    func events(onBusy: String) {
        Fuzz.run("WatchFuzzTests/events", rounds: 1500) { random in
            try Self.life(&random, onBusy, isEventWatch: true)
        }
    }

    private static func life(
        _ random: inout SeededRandom, _ onBusy: String, isEventWatch: Bool
    ) throws -> String? {
        var life = try WatchLife(&random, onBusy, isEventWatch: isEventWatch)
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            life.happen(&random)
            if life.fault != nil { break }
        }
        if life.fault == nil { life.settle() }
        return life.fault.map { "\(onBusy): \($0)\n" + life.story.joined(separator: "\n") }
    }
}

/// A plan and a host that records its runs.
struct WatchLife {
    private(set) var fault: String?
    private(set) var story: [String] = []
    private var plan: WatchPlan
    private let isEventWatch: Bool
    private let runsMax: Int
    private let onBusy: String
    private var now = Instant.zero
    private var wakesAt: Instant?
    private var index: UInt64 = 1
    private var contents: [WatchContent?]
    private var eventCount = 0
    private var running: [UInt64: WatchFiring] = [:]
    private var cancelled: Set<UInt64> = []
    private var newest: UInt64 = 0
    /// Events in first runs, in order.
    private var handedOver: [String] = []
    /// The outcome of the last run with a new state: nil while it runs.
    private var last: (payload: [UInt8], outcome: Outcome)?

    private enum Outcome { case open, succeeded, failed, gaveUp, cancelled }

    init(_ random: inout SeededRandom, _ onBusy: String, isEventWatch: Bool) throws {
        var definition = WatchDefinition()
        definition.onBusy = onBusy
        definition.changes = Bool.random(using: &random)
        definition.source = Self.source(isEventWatch ? "event" : "key")
        let sources = isEventWatch ? 1 : Int.random(in: 1...2, using: &random)
        if sources > 1 {
            definition.source = WatchSource()
            definition.anyOf = (0..<sources).map { _ in Self.source("key") }
        }
        if Bool.random(using: &random) {
            var retry = RetryDefinition()
            retry.max = Int.random(in: 0...3, using: &random)
            definition.retry = retry
        }
        if Bool.random(using: &random) {
            var wait = WaitDefinition()
            wait.min = .seconds(Int64.random(in: 0...3, using: &random))
            wait.max = .seconds(Int64.random(in: 0...9, using: &random))
            definition.wait = wait
        }
        self.isEventWatch = isEventWatch
        self.onBusy = onBusy
        runsMax = onBusy.hasPrefix("parallel") ? 3 : 1
        contents = [WatchContent?](repeating: nil, count: sources)
        plan = try WatchPlan(definition)
        story.append("retry \(definition.retry?.max ?? -1), wait \(definition.wait?.min ?? .zero)")
    }

    private static func source(_ type: String) -> WatchSource {
        var source = WatchSource()
        source.type = type
        if type == "key" { source.key = "a" }
        return source
    }

    // MARK: Inputs

    mutating func happen(_ random: inout SeededRandom) {
        let run = running.keys.sorted().randomElement(using: &random)
        let source = Int.random(in: 0..<contents.count, using: &random)
        switch Int.random(in: 0..<14, using: &random) {
        case 0...5: answer(source, &random)
        case 6: step(.failed(source: source))
        case 7...9:
            guard let run else { return answer(source, &random) }
            step(.runEnded(number: run, succeeded: Bool.random(using: &random)))
        case 10: now = now + .milliseconds(Int64.random(in: 0...4000, using: &random))
        case 11: wake()
        case 12: step(plan.isPaused ? .resume : .pause)
        case 13 where Bool.random(using: &random): step(.trigger)
        default: step(.runEnded(number: 999, succeeded: true))  // of a run that never existed
        }
    }

    private mutating func answer(_ source: Int, _ random: inout SeededRandom) {
        if Int.random(in: 0..<4, using: &random) > 0 { index += 1 }
        let content: WatchContent
        if isEventWatch {
            eventCount += Int.random(in: 0...2, using: &random)
            // The buffer is a ring: it shows the last ones again.
            let events = (max(0, eventCount - 20)..<eventCount).map { number in
                var event = UserEvent()
                event.id = "e\(number)"
                return event
            }
            index = UInt64(eventCount) + 1
            content = WatchContent(events: events)
        } else {
            let value = Int.random(in: 0...3, using: &random)
            content = WatchContent(.single, value == 0 ? [] : [WatchContent.Item("a", value)])
            if content != contents[source] { index += 1 }
        }
        contents[source] = content
        step(.answer(source: source, WatchAnswer(index: .index(index), content: content)))
    }

    private mutating func wake() {
        if let wakesAt { now = max(now, wakesAt) }
        wakesAt = nil
        step(.woke)
    }

    // MARK: Account

    private mutating func step(_ input: WatchPlan.Input) {
        if case .runEnded(let number, let succeeded) = input { end(number, succeeded) }
        let directives = plan.step(input, now: now)
        story.append("@\(now) \(Self.shown(input))")
        for directive in directives { take(directive) }
    }

    private mutating func end(_ number: UInt64, _ succeeded: Bool) {
        let wasCancelled = cancelled.remove(number) != nil
        guard running.removeValue(forKey: number) != nil, number == newest else { return }
        last?.outcome = succeeded ? .succeeded : wasCancelled ? .cancelled : .failed
    }

    private mutating func take(_ directive: WatchPlan.Directive) {
        switch directive {
        case .fire(let firing): fire(firing)
        case .cancelRun(let number):
            story.append("  cancel \(number)")
            if onBusy != "cancel" || running[number] == nil { fault = "cancels \(number)" }
            if !cancelled.insert(number).inserted { fault = "cancels \(number) again" }
        case .deadLetter(let firing):
            story.append("  dead letter \(firing.number)")
            if firing.number == newest { last?.outcome = .gaveUp }
        case .wake(let instant):
            wakesAt = instant
            if instant <= now { fault = "wakes in the past" }
        case .query, .repeatQuery, .reportDroppedEvents, .remember: break
        }
    }

    private mutating func fire(_ firing: WatchFiring) {
        story.append(
            "  fire \(firing.number) again \(firing.attempt): "
                + String(decoding: firing.payload.prefix(300), as: UTF8.self))
        if plan.isPaused { fault = "fires while paused" }
        if running.updateValue(firing, forKey: firing.number) != nil { fault = "fires a run twice" }
        if running.count > runsMax { fault = "\(running.count) runs at once" }
        if firing.attempt == 0 {
            if firing.number <= newest { fault = "numbers do not rise" }
            newest = firing.number
            handedOver += firing.events
        }
        if firing.number == newest { last = (firing.payload, .open) }
    }

    // MARK: The end

    /// Nothing more changes, all runs succeed, all wakes come: all pending work is done.
    mutating func settle() {
        story.append("settle")
        if plan.isPaused { step(.resume) }
        var steps = 0
        while fault == nil, !running.isEmpty || wakesAt != nil {
            if let run = running.keys.min() {
                step(.runEnded(number: run, succeeded: true))
            } else {
                wake()
            }
            steps += 1
            if steps > 2000 { fault = "never comes to rest" }
        }
        guard fault == nil else { return }
        if isEventWatch { checkEvents() } else { checkState() }
    }

    private mutating func checkEvents() {
        let expected = (0..<eventCount).map { "e\($0)" }
        if handedOver != expected { fault = "handed over \(handedOver), not \(expected)" }
    }

    private mutating func checkState() {
        let known = contents.compactMap { $0 }
        guard known.count == contents.count else { return }
        guard let last else {
            fault = "nothing was handed over"
            return
        }
        guard plan.lastFired == known else {
            fault = "the newest state was not handed over"
            return
        }
        switch last.outcome {
        case .succeeded, .gaveUp: break
        case .failed where plan.definition.retry == nil: break
        case .open, .failed, .cancelled:
            fault = "the newest state's run came to nothing: \(last.outcome)"
        }
    }

    private static func shown(_ input: WatchPlan.Input) -> String {
        guard case .answer(let source, let answer) = input else { return "\(input)" }
        let text = String(decoding: answer.content.json.prefix(300), as: UTF8.self)
        return "answer \(source) \(answer.index) \(text)"
    }
}
