import ConsulModel
import Primitives
import Testing
import Watch
import Wire

/// The handler's standard input, by type of watch.
@Suite struct WatchContentTests {
    private func text(_ content: WatchContent) -> String {
        String(decoding: content.json, as: UTF8.self)
    }

    @Test func emptyStatesAreNullOrEmptyAsInConsul() {
        #expect(text(WatchContent(key: nil)) == "null")
        #expect(text(WatchContent(keyPrefix: [])) == "null")
        #expect(text(WatchContent(services: [:])) == "{}")
        #expect(text(WatchContent(nodes: [])) == "[]")
        #expect(text(WatchContent(instances: [])) == "[]")
        #expect(text(WatchContent(checks: [])) == "[]")
        #expect(text(WatchContent(events: [])) == "[]")
    }

    @Test func servicesAreAnObjectInOrderOfTheirNames() {
        let content = WatchContent(services: ["web": ["a"], "db": []])
        #expect(text(content) == #"{"db":[],"web":["a"]}"#)
    }

    @Test func keyIsItsEntry() {
        var entry = KVEntry()
        entry.key = "app/mode"
        entry.value = Bytes("on")
        entry.flags = 7
        let json = text(WatchContent(key: entry))
        #expect(json.contains(#""Key":"app/mode","Flags":7,"Value":"b24=""#))
    }

    @Test func eventIsIdentifiedInTheHandlersEnvironment() throws {
        var definition = WatchDefinition()
        definition.source.type = "event"
        definition.source.name = "deploy"
        var plan = try WatchPlan(definition)
        var event = UserEvent()
        event.id = "e1"
        event.name = "deploy"
        event.lTime = 4
        event.payload = Bytes("v42")
        let answer = WatchAnswer(index: .index(9), content: WatchContent(events: [event]))
        let fired = plan.step(.answer(source: 0, answer), now: .zero).compactMap { directive in
            if case .fire(let firing) = directive { firing.environment } else { nil }
        }
        #expect(
            fired == [
                [
                    "CONSUL_INDEX": "9", "CONSUL_WATCH_TYPE": "event",
                    "CONSUL_WATCH_NAME": "event:deploy", "CONSUL_EVENT_NAME": "deploy",
                    "CONSUL_EVENT_ID": "e1", "CONSUL_EVENT_LTIME": "4", "CONSUL_EVENT_COUNT": "1",
                    "CONSUL_EVENT_PAYLOAD": "v42",
                ]
            ])
    }
}
