public import ConsulModel
public import PluginAPI
import Primitives

/// `http: URL` with an interval. 2xx passes, 429 warns, any other status is critical, unless
/// `expect` defines other conditions.
public struct HTTPCheckType: CheckType {
    public let kind = "http"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        !definition.http.isEmpty && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        var problems = CheckRules.intervalProblems(in: definition)
        problems += CheckRules.urlProblems("http", definition.http)
        if let expect = definition.expect {
            problems += ResponseJudge.problems(in: expect)
        }
        return problems
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) throws
        -> CheckInstance
    {
        let judge = try definition.expect.map { try ResponseJudge($0) }
        return .polled(HTTPCheck(definition: definition, judge: judge, context: context))
    }
}

struct HTTPCheck: PolledCheck {
    let definition: CheckDefinition
    let judge: ResponseJudge?
    let context: CheckContext

    func probe(timeout: GoDuration) async -> CheckObservation {
        let start = context.clock.now()
        do throws(ProbeError) {
            let answer = try await context.http.request(request(timeout: timeout))
            let latency = context.clock.now() - start
            let verdict =
                judge?.verdict(on: answer, latency: latency) ?? (Self.status(answer.status), "")
            let method = definition.method.isEmpty ? "GET" : definition.method
            let body = String(decoding: answer.body.suffix(context.outputMax), as: UTF8.self)
            let status = answer.reason.isEmpty ? "" : " \(answer.reason)"
            let url = Redaction.url(definition.http)
            var output = "HTTP \(method) \(url): \(answer.status)\(status) "
            output += "Output: \(body)"
            if !verdict.1.isEmpty { output = "\(verdict.1)\n\(output)" }
            return CheckObservation(verdict.0, output)
        } catch {
            return CheckObservation(.critical, error.message)
        }
    }

    /// Maps an HTTP status as Consul does.
    static func status(_ code: Int) -> CheckStatus {
        switch code {
        case 200..<300: .passing
        case 429: .warning
        default: .critical
        }
    }

    private func request(timeout: GoDuration) -> HTTPProbe {
        var probe = HTTPProbe(definition.http, timeout: timeout)
        probe.method = definition.method.isEmpty ? "GET" : definition.method
        probe.body = Array(definition.body.utf8)
        probe.followRedirects = !definition.disableRedirects
        probe.tlsSkipVerify = definition.tlsSkipVerify
        probe.tlsServerName = definition.tlsServerName
        // A body is examined whole only when `expect` has conditions on it.
        probe.bodyMax = judge?.bodyBytesNeeded ?? context.outputMax
        probe.keepsBodyStart = judge?.bodyBytesNeeded != nil
        var given: Set<String> = []
        for (name, values) in definition.header.sorted(by: { $0.key < $1.key }) {
            given.insert(name.lowercased())
            for value in values { probe.headers.append((name, value)) }
        }
        if !given.contains("user-agent") {
            probe.headers.append(("User-Agent", "Consul Health Check"))
        }
        if !given.contains("accept") {
            probe.headers.append(("Accept", "text/plain, text/*, */*"))
        }
        return probe
    }
}
