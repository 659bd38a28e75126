import ConsulModel
import Primitives
import Watch
import Wire

/// Runs a script against a plan, line by line. A line may begin with `@5s`, the time of its input.
///
/// - `plan type=key key=a retry=2 wait=1s …` makes a plan; `memory=keep` gives it the last one's.
/// - `answer 12 on` is the source's state at index 12; `none` is nothing; `name:value` are items.
///   `source=1` is another source than the first. For an event watch the words are the events' IDs;
///   one that ends with `!` is reliable.
/// - `fail`, `ended 1 ok`, `ended 1 failed`, `woke`, `pause`, `resume`, `trigger`.
struct ScriptRunner {
    struct Problem: Error { let text: String }

    private var plan: WatchPlan?
    private var now = Instant.zero

    mutating func run(_ text: String) throws -> [String] {
        var words = text.split(separator: " ").map(String.init)
        if let first = words.first, first.hasPrefix("@") {
            guard let time = GoDuration(first.dropFirst()) else { throw Problem(text: text) }
            now = .zero + time
            words.removeFirst()
        }
        var options: [String: String] = [:]
        words.removeAll { word in
            guard let equals = word.firstIndex(of: "=") else { return false }
            options[String(word[..<equals])] = String(word[word.index(after: equals)...])
            return true
        }
        guard let verb = words.first else { return [] }
        if verb == "plan" { return try begin(options) }
        guard var current = plan else { throw Problem(text: "no plan yet") }
        let input = try Self.input(verb, Array(words.dropFirst()), options, current)
        let printed = current.step(input, now: now).map(Self.describe)
        plan = current
        return printed
    }

    private mutating func begin(_ options: [String: String]) throws -> [String] {
        var memory = WatchMemory()
        if options["memory"] == "keep", let plan { memory = plan.memoryForSuccessor }
        plan = try WatchPlan(Self.definition(options), memory: memory)
        return plan?.start().map(Self.describe) ?? []
    }

    private static func definition(_ options: [String: String]) -> WatchDefinition {
        var definition = WatchDefinition()
        definition.source = source(options["type"] ?? "", options["of"] ?? "")
        for text in (options["any"] ?? "").split(separator: ",") {
            let parts = text.split(separator: ":")
            definition.anyOf.append(source(String(parts[0]), String(parts[1])))
        }
        definition.fireOnStart = options["fire_on_start"] != "no"
        definition.changes = options["changes"] == "yes"
        definition.onBusy = options["on_busy"] ?? ""
        if let max = options["retry"].flatMap({ Int($0) }) {
            var retry = RetryDefinition()
            retry.max = max
            retry.minBackoff = .seconds(1)
            retry.maxBackoff = .seconds(3)
            definition.retry = retry
        }
        if let min = options["wait"].flatMap({ GoDuration($0) }) {
            var wait = WaitDefinition()
            wait.min = min
            wait.max = options["wait_max"].flatMap { GoDuration($0) } ?? .zero
            definition.wait = wait
        }
        return definition
    }

    private static func source(_ type: String, _ subject: String) -> WatchSource {
        var source = WatchSource()
        source.type = type
        switch type {
        case "key": source.key = subject
        case "keyprefix": source.prefix = subject
        case "event": source.name = subject
        default: source.service = subject
        }
        return source
    }

    // MARK: Inputs

    private static func input(
        _ verb: String, _ words: [String], _ options: [String: String], _ plan: WatchPlan
    ) throws -> WatchPlan.Input {
        let source = options["source"].flatMap { Int($0) } ?? 0
        switch verb {
        case "answer":
            let type = plan.definition.sources[source].type
            let index = words.first.flatMap { UInt64($0) } ?? 0
            let content = content(type, words.dropFirst().filter { $0 != "none" })
            return .answer(source: source, WatchAnswer(index: .index(index), content: content))
        case "fail": return .failed(source: source)
        case "ended":
            let number = words.first.flatMap { UInt64($0) } ?? 0
            return .runEnded(number: number, succeeded: words.last == "ok")
        case "woke": return .woke
        case "pause": return .pause
        case "resume": return .resume
        case "trigger": return .trigger
        default: throw Problem(text: "what is \(verb)?")
        }
    }

    private static func content(_ type: String, _ words: [String]) -> WatchContent {
        if type == "event" {
            let events = words.map { word in
                var event = UserEvent()
                event.id = word
                event.isReliable = word.hasSuffix("!")
                event.name = "deploy"
                return event
            }
            return WatchContent(events: events)
        }
        let items = words.map { word in
            let parts = word.split(separator: ":").map(String.init)
            return WatchContent.Item(parts[0], parts.last ?? "")
        }
        switch type {
        case "key": return WatchContent(.single, items)
        case "keyprefix": return WatchContent(.array(emptyIsNull: true), items)
        case "services": return WatchContent(.object, items)
        default: return WatchContent(.array(emptyIsNull: false), items)
        }
    }

    // MARK: Printing

    private static func describe(_ directive: WatchPlan.Directive) -> String {
        switch directive {
        case .query(let source, let after):
            "query \(source) after \(after.map { "\($0)" } ?? "nothing")"
        case .repeatQuery(let source, let instant): "query \(source) after nothing at \(instant)"
        case .reportDroppedEvents(let count): "dropped \(count)"
        case .fire(let firing):
            "fire \(firing.number)" + (firing.attempt > 0 ? " again, \(firing.attempt)" : "")
                + " index \(firing.index): \(payload(firing))"
        case .cancelRun(let number): "cancel \(number)"
        case .wake(let instant): "wake at \(instant)"
        case .deadLetter(let firing): "dead letter \(firing.number): \(payload(firing))"
        case .remember(let memory):
            "remember" + memory.handledEvents.map { " " + $0 }.joined()
        }
    }

    /// Renders an event by its ID alone.
    private static func payload(_ firing: WatchFiring) -> String {
        let text = String(decoding: firing.payload.dropLast(), as: UTF8.self)
        guard firing.environment["CONSUL_WATCH_TYPE"] == "event",
            let events = try? JSONReader.decode([UserEvent].self, from: firing.payload)
        else { return text }
        return "events " + events.map { $0.id }.joined(separator: " ")
    }
}
