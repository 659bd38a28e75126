import ConsulModel
import Primitives
import Testing
import Watch

@Suite struct DroppedEventsTests {
    /// A burst of 1,000 events waits for a handler that is still at the first: the excess is
    /// counted, and reported once, with the firing that delivers the rest.
    @Test func eventsDroppedDuringABusyHandlerAreCounted() throws {
        var definition = WatchDefinition()
        definition.source.type = "event"
        definition.source.name = "deploy"
        var plan = try WatchPlan(definition)
        _ = plan.start()
        let events = (1...1_000).map { number in
            var event = UserEvent()
            event.id = "e\(number)"
            event.name = "deploy"
            return event
        }
        var directives: [WatchPlan.Directive] = []
        for number in 1...1_000 {
            // The agent's buffer has the newest 256.
            let seen = Array(events[max(0, number - 256)..<number])
            directives += plan.step(
                .answer(
                    source: 0,
                    WatchAnswer(
                        index: .index(UInt64(number)), content: WatchContent(events: seen))),
                now: .zero)
        }
        #expect(!directives.contains { if case .reportDroppedEvents = $0 { true } else { false } })
        directives = plan.step(.runEnded(number: 1, succeeded: true), now: .zero)
        #expect(directives.contains(.reportDroppedEvents(743)))
        for case .fire(let firing) in directives { #expect(firing.payload.count > 0) }
        directives = plan.step(.runEnded(number: 2, succeeded: true), now: .zero)
        #expect(!directives.contains(.reportDroppedEvents(743)))
    }
}
