import ConsulModel
import Primitives
import Testing
import Watch

/// A watch of type query answers one question at a time.
@Suite struct QueryWatchTests {
    private static func question(_ id: String) -> UserEvent {
        var question = UserEvent()
        question.id = id
        question.name = "load"
        return question
    }

    private static func firings(_ directives: [WatchPlan.Directive]) -> [WatchFiring] {
        directives.compactMap { if case .fire(let firing) = $0 { firing } else { nil } }
    }

    @Test func eachFiringHasOneQuestion() throws {
        var definition = WatchDefinition()
        definition.source.type = "query"
        definition.source.name = "load"
        var plan = try WatchPlan(definition)
        let answer = WatchAnswer(
            index: .index(7),
            content: WatchContent(events: [Self.question("a"), Self.question("b")]))
        let first = Self.firings(plan.step(.answer(source: 0, answer), now: .zero))
        #expect(first.map { $0.events } == [["a"]])
        // The second waits for the end of the first.
        let second = Self.firings(
            plan.step(.runEnded(number: 1, succeeded: true), now: .zero + .seconds(1)))
        #expect(second.map { $0.events } == [["b"]])
        let third = plan.step(.runEnded(number: 2, succeeded: false), now: .zero + .seconds(2))
        #expect(Self.firings(third).isEmpty)
        // The same questions in a later answer are handled already.
        let again = WatchAnswer(index: .index(8), content: answer.content)
        #expect(
            Self.firings(plan.step(.answer(source: 0, again), now: .zero + .seconds(3))).isEmpty)
    }

    @Test func theNameIsRequired() {
        var source = WatchSource()
        source.type = "query"
        #expect(
            WatchRules.sourceProblems(source, at: "").map { $0.message }
                == ["Must specify the name of the query to answer"])
    }
}
