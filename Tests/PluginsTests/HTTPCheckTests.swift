import CheckHTTP
import ConsulModel
import PluginAPI
import PluginKit
import Primitives
import Testing

struct HTTPCheckTests {
    private let type = HTTPCheckType()
    private func definition(_ change: (inout CheckDefinition) -> Void = { _ in })
        -> CheckDefinition
    {
        var definition = CheckDefinition()
        definition.http = "http://web.local/health"
        definition.interval = .seconds(10)
        change(&definition)
        return definition
    }

    private func expecting(_ change: (inout HTTPExpectation) -> Void) -> CheckDefinition {
        definition { definition in
            var expect = HTTPExpectation()
            change(&expect)
            definition.expect = expect
        }
    }

    private func probe(
        _ definition: CheckDefinition, status: Int = 200, body: String = "ok",
        taking latency: GoDuration = .zero
    ) async throws -> CheckObservation {
        var script = Scripted()
        let clock = FakeClock()
        script.clock = clock
        script.http.answer = { _ in
            clock.advance(by: latency)
            return .success(
                HTTPProbeAnswer(status: status, reason: "Reason", body: Array(body.utf8)))
        }
        return try await type.polled(definition, script).probe(timeout: .seconds(5))
    }

    @Test func claimsAnURL() {
        #expect(type.kind == "http")
        #expect(type.claims(definition()))
        #expect(!type.claims(CheckDefinition()))
        #expect(!type.claims(definition { $0.type = "other" }))
    }

    @Test func namesTheFaults() {
        #expect(type.problems(in: definition()).isEmpty)
        #expect(type.problems(in: definition { $0.http = "HTTP://web.local/" }).isEmpty)
        let wrong = definition { definition in
            definition.http = "web.local"
            definition.status = "fine"
            definition.failuresBeforeCritical = -1
            var expect = HTTPExpectation()
            expect.status = ["200", "abc", "300-200", "99"]
            expect.body = "("
            expect.value = "x"
            definition.expect = expect
        }
        #expect(
            type.problems(in: wrong) == [
                DefinitionProblem(
                    "status", "unknown status \"fine\": use passing, warning or critical", .shows),
                DefinitionProblem("failures_before_critical", "must not be negative", .shows),
                DefinitionProblem(
                    "http", "\"web.local\" is not a URL: begin with http:// or https://"),
                DefinitionProblem(
                    "expect.status[1]",
                    "\"abc\" is not a status or a range of them (for example 200-299)"),
                DefinitionProblem(
                    "expect.status[2]",
                    "\"300-200\" is not a status or a range of them (for example 200-299)"),
                DefinitionProblem(
                    "expect.status[3]",
                    "\"99\" is not a status or a range of them (for example 200-299)"),
                DefinitionProblem(
                    "expect.body",
                    "\"(\" is no regular expression: error parsing regexp: missing closing ): `(`"),
                DefinitionProblem("expect.value", "needs a json_path"),
            ])
    }

    @Test(arguments: [
        (200, CheckStatus.passing), (204, .passing), (299, .passing), (301, .critical),
        (404, .critical), (429, .warning), (500, .critical),
    ])
    func statusDecidesAsInConsul(_ code: Int, _ expected: CheckStatus) async throws {
        let found = try await probe(definition(), status: code)
        #expect(found.status == expected)
        #expect(found.output == "HTTP GET http://web.local/health: \(code) Reason Output: ok")
    }

    @Test func requestHasTheDefinitionsFields() async throws {
        let script = Scripted()
        let check = try type.polled(
            definition {
                $0.method = "POST"
                $0.body = "{}"
                $0.header = ["X-A": ["1", "2"], "user-agent": ["mine"]]
                $0.tlsSkipVerify = true
                $0.tlsServerName = "web"
                $0.disableRedirects = true
            }, script)
        _ = await check.probe(timeout: .seconds(3))
        let probe = script.http.asked.values[0]
        #expect(probe.method == "POST")
        #expect(probe.body == Array("{}".utf8))
        #expect(
            probe.headers.map { "\($0.name)=\($0.value)" } == [
                "X-A=1", "X-A=2", "user-agent=mine", "Accept=text/plain, text/*, */*",
            ])
        #expect(probe.tlsSkipVerify)
        #expect(probe.tlsServerName == "web")
        #expect(!probe.followRedirects)
        #expect(probe.timeout == .seconds(3))
        #expect(probe.bodyMax == 4096)
    }

    @Test func failureIsCriticalWithTheClientsError() async throws {
        var script = Scripted()
        script.http.answer = { _ in .failure(ProbeError("connection refused")) }
        let found = try await type.polled(definition(), script).probe(timeout: .seconds(1))
        #expect(found == CheckObservation(.critical, "connection refused"))
    }

    // MARK: Expectations

    @Test func expectedStatusesAndRangesPass() async throws {
        let expected = expecting { $0.status = ["200", "404", "500-599"] }
        for code in [200, 404, 503] {
            #expect(try await probe(expected, status: code).status == .passing)
        }
        let found = try await probe(expected, status: 201)
        #expect(found.status == .critical)
        #expect(
            found.output == "expected status 200, 404, 500-599, got 201\n"
                + "HTTP GET http://web.local/health: 201 Reason Output: ok")
    }

    @Test func bodyPatternsMustMatchOrMustNot() async throws {
        let ready = expecting { $0.body = "ready|warm.*" }
        #expect(try await probe(ready, body: "it is warming").status == .passing)
        let found = try await probe(ready, body: "cold")
        #expect(found.status == .critical)
        #expect(found.output.hasPrefix("the body does not match ready|warm.*\n"))
        let clean = expecting {
            $0.body = "error"
            $0.negate = true
        }
        #expect(try await probe(clean, body: "fine").status == .passing)
        #expect(
            try await probe(clean, body: "an error").output.hasPrefix("the body matches error\n"))
        // A wrong status is critical with any body.
        #expect(try await probe(ready, status: 500, body: "ready").status == .critical)
        #expect(try await probe(ready, status: 429, body: "ready").status == .warning)
    }

    @Test(arguments: [
        ("checks.db", "ok", CheckStatus.passing), ("checks.db", "bad", .critical),
        ("list.1.n", "2", .passing), ("list.7.n", "2", .critical), ("up", "true", .passing),
        ("none", "x", .critical),
    ])
    func valueAtAPathDecides(_ path: String, _ value: String, _ expected: CheckStatus)
        async throws
    {
        let body = #"{"checks":{"db":"ok"},"list":[{"n":1},{"n":2}],"up":true}"#
        let definition = expecting {
            $0.jsonPath = path
            $0.value = value
        }
        #expect(try await probe(definition, body: body).status == expected)
    }

    @Test func valueFaultsAreNamed() async throws {
        let definition = expecting {
            $0.jsonPath = "a.b"
            $0.value = "1"
        }
        #expect(try await probe(definition, body: "hm").output.hasPrefix("the body is not JSON\n"))
        #expect(
            try await probe(definition, body: "{}").output
                .hasPrefix("a.b is missing, expected \"1\"\n"))
        #expect(
            try await probe(definition, body: #"{"a":{"b":2}}"#).output
                .hasPrefix("a.b is \"2\", expected \"1\"\n"))
        let negated = expecting {
            $0.jsonPath = "a"
            $0.value = "1"
            $0.negate = true
        }
        #expect(try await probe(negated, body: #"{"a":2}"#).status == .passing)
        #expect(
            try await probe(negated, body: #"{"a":1}"#).output
                .hasPrefix("a is \"1\", expected not \"1\"\n"))
    }

    @Test func slowAnswerWarns() async throws {
        let definition = expecting { $0.maxLatency = .milliseconds(200) }
        #expect(try await probe(definition, taking: .milliseconds(200)).status == .passing)
        let found = try await probe(definition, taking: .milliseconds(300))
        #expect(found.status == .warning)
        #expect(found.output.hasPrefix("answered in 300ms, expected at most 200ms\n"))
    }

    @Test func bodyIsReadFurtherWhenAConditionNeedsIt() async throws {
        let script = Scripted()
        _ = await (try type.polled(expecting { $0.body = "x" }, script)).probe(timeout: .seconds(1))
        #expect(script.http.asked.values[0].bodyMax == 64 << 10)
    }
}
