import ConsulModel
import Primitives
import Testing
import Watch
import Wire

@Suite struct WatchRulesTests {
    static let faults: [(json: String, problem: String)] = [
        ("{}", "type: Watch type must be specified"),
        (
            #"{"type":"kee"}"#,
            "type: Unsupported watch type: kee (there are key, keyprefix, services, nodes, "
                + "service, checks, event, agent_service, members, query)"
        ),
        (#"{"type":"key"}"#, "key: Must specify a single key to watch"),
        (#"{"type":"keyprefix"}"#, "prefix: Must specify a single prefix to watch"),
        (#"{"type":"service"}"#, "service: Must specify a single service to watch"),
        (#"{"type":"agent_service"}"#, "service_id: Must specify a single service ID to watch"),
        (
            #"{"type":"key","key":"a","prefix":"b"}"#,
            "prefix: Invalid parameters: [prefix] for type key"
        ),
        (
            #"{"type":"checks","service":"a","state":"any"}"#,
            "state: Cannot specify service and state"
        ),
        (
            #"{"type":"checks","state":"red"}"#,
            "state: unknown state \"red\": use any, passing, warning or critical"
        ),
        (
            #"{"type":"key","key":"a","any_of":[{"type":"nodes"}]}"#,
            "any_of: a watch has either a type or any_of, not both"
        ),
        (
            #"{"any_of":[{"type":"nodes"},{"type":"key"}]}"#,
            "any_of[1].key: Must specify a single key to watch"
        ),
        (
            #"{"type":"key","key":"a","on_busy":"wait"}"#,
            "on_busy: unknown policy \"wait\": use coalesce, queue, cancel or parallel(1) to "
                + "parallel(64)"
        ),
        (
            #"{"any_of":[{"type":"nodes"},{"type":"event","name":"a"}]}"#,
            "any_of[1].type: events are no state to be combined: give them a watch of their own"
        ),
        (
            #"{"type":"event","on_busy":"cancel"}"#,
            "on_busy: cancel would lose the events of the run: use coalesce or queue"
        ),
        (#"{"type":"key","key":"a","retry":{"max":-1}}"#, "retry.max: must be from 0 to 1000"),
        (
            #"{"type":"key","key":"a","retry":{"max":1,"min_backoff":"9s","max_backoff":"1s"}}"#,
            "retry.min_backoff: must be above 0 and not above max_backoff"
        ),
        (#"{"type":"key","key":"a","wait":{"min":"-1s"}}"#, "wait.min: must not be negative"),
        (#"{"type":"key","key":"a","timeout":"-1s"}"#, "timeout: must not be negative"),
    ]

    @Test(arguments: faults)
    func namesTheFault(_ json: String, _ problem: String) throws {
        let definition = try JSONReader.decode(WatchDefinition.self, from: Array(json.utf8))
        let problems = WatchRules.problems(in: definition).map { "\($0.path): \($0.message)" }
        #expect(problems == [problem])
    }

    @Test(arguments: [
        #"{"type":"key","key":"a"}"#, #"{"type":"keyprefix","prefix":"a/"}"#,
        #"{"type":"services"}"#, #"{"type":"nodes"}"#,
        #"{"type":"service","service":"web","tag":["a","b"],"passingonly":true}"#,
        #"{"type":"checks"}"#, #"{"type":"checks","state":"critical"}"#, #"{"type":"event"}"#,
        #"{"type":"event","name":"deploy"}"#, #"{"type":"agent_service","service_id":"web"}"#,
        #"{"any_of":[{"type":"key","key":"a"},{"type":"services"}]}"#,
        #"{"type":"nodes","on_busy":"parallel(64)","token":"t","stale":true,"datacenter":"d"}"#,
    ])
    func acceptsValidDefinitions(_ json: String) throws {
        let definition = try JSONReader.decode(WatchDefinition.self, from: Array(json.utf8))
        #expect(WatchRules.problems(in: definition).isEmpty)
    }

    @Test(arguments: [
        ("", OnBusy.coalesce), ("coalesce", .coalesce), ("queue", .queue), ("cancel", .cancel),
        ("parallel(3)", .parallel(3)), ("parallel(0)", nil), ("parallel(65)", nil),
        ("parallel(", nil), ("parallel", nil),
    ])
    func readsThePolicy(_ text: String, _ policy: OnBusy?) {
        #expect(OnBusy(text) == policy)
    }

    @Test(arguments: [
        (#"{"id":"mine","type":"nodes"}"#, "mine"), (#"{"type":"key","key":"a/b"}"#, "key:a/b"),
        (#"{"type":"nodes"}"#, "nodes"),
        (#"{"any_of":[{"type":"key","key":"a"},{"type":"nodes"}]}"#, "key:a+nodes"),
    ])
    func namesAWatchByItsSource(_ json: String, _ name: String) throws {
        let definition = try JSONReader.decode(WatchDefinition.self, from: Array(json.utf8))
        #expect(definition.displayName == name)
    }
}
