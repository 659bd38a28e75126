public import ConsulModel
public import PluginAPI
import Primitives

/// `ttl: duration`: the program under watch sends heartbeats; without one in time the check is
/// critical.
public struct TTLCheckType: CheckType {
    public let kind = "ttl"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        definition.ttl != .zero && definition.interval == .zero && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        CheckRules.thresholdProblems(in: definition)
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .pushed(TTLCheck(definition, context))
    }
}

final class TTLCheck: PushedCheck {
    private enum Event {
        case heartbeat(CheckObservation)
        /// The time to live that began with so many heartbeats is over.
        case expiry(after: Int)
    }

    private let definition: CheckDefinition
    private let context: CheckContext
    private let events: AsyncStream<Event>
    private let feed: AsyncStream<Event>.Continuation

    init(_ definition: CheckDefinition, _ context: CheckContext) {
        self.definition = definition
        self.context = context
        // Only the newest matters to one who comes late.
        (events, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
    }

    func heartbeat(_ observation: CheckObservation) -> Bool {
        feed.yield(.heartbeat(observation))
        return true
    }

    /// Heartbeats and expiries are taken one after another: a time to live that ends while a
    /// heartbeat is taken is none.
    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {
        var heartbeats = 0
        var lastOutput = ""
        var expiry = expect(after: heartbeats)
        for await event in events {
            switch event {
            case .heartbeat(let observation):
                expiry.cancel()
                heartbeats += 1
                lastOutput = observation.output
                report(observation)
                expiry = expect(after: heartbeats)
            case .expiry(let count) where count == heartbeats:
                let text =
                    lastOutput.isEmpty
                    ? "TTL expired"
                    : "TTL expired (last output before timeout follows): \(lastOutput)"
                report(CheckObservation(.critical, text, isFinal: true))
            case .expiry: break
            }
        }
        expiry.cancel()
    }

    /// Starts the time to live anew, from now on.
    private func expect(after count: Int) -> Task<Void, Never> {
        let deadline = context.clock.now() + definition.ttl
        return Task { [context, feed] in
            guard await context.clock.sleep(until: deadline) else { return }
            feed.yield(.expiry(after: count))
        }
    }
}
