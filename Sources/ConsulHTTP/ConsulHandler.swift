import ConsulModel
package import HTTPTransport
import LocalAgent
import Logging
import PluginAPI
import Primitives
import Telemetry
import TelemetrySinks

/// Consul's HTTP API: finds the route, runs its action with an exchange, maps its errors.
package final class ConsulHandler: HTTPHandler {
    private let agent: AgentContext
    private let table: RouteTable
    private let timings: RouteTimings
    private let clientCalls: ClientCallCounters

    package convenience init(_ agent: AgentContext) { self.init(agent, table: .standard) }

    /// - Parameter table: Holds further routes where a configuration has some, such as a prefix of
    ///   its choice.
    init(_ agent: AgentContext, table: RouteTable) {
        self.agent = agent
        self.table = table
        timings = RouteTimings(table, in: agent.metrics.registry)
        clientCalls = ClientCallCounters(
            table, node: agent.local.nodeName, in: agent.metrics.registry)
    }

    package func handle(_ request: HTTPRequest, _ responder: HTTPResponder) {
        let subject: String
        let index: Int
        let active = agent.active
        switch RequestPath(
            request, table, allowsUnprintable: active.settings.allowsUnprintablePaths)
        {
        case .route(let found, let rest): (index, subject) = (found, rest)
        case .moved(let path):
            responder.respond(Self.moved(to: path, request))
            return
        case .unknown:
            responder.respond(otherPath(request, active.settings))
            return
        case .server:
            responder.respond(HTTPResponse(status: 200, headers: ["Vary": ""]))
            return
        case .broken:
            responder.respond(
                .text(400, "Invalid path: a percent escape is broken, not UTF-8 or not printable"))
            return
        }
        let route = table.routes[index]
        if active.isGuarded {
            responder.addHeaders(active.headers)
            if let refusal = HTTPGuards.refusal(request, route, subject, active.settings) {
                responder.respond(refusal)
                return
            }
        }
        guard let method = route.methods.firstIndex(where: { $0.name == request.method })
        else {
            responder.respond(Self.otherMethod(request.method, route))
            return
        }
        let query = QueryParameters(request.query)
        if let fault = query.fault {
            responder.respond(.text(400, fault))
            return
        }
        responder.measure(timings.timing(at: index, method))
        let calls = clientCalls.counters(at: index)
        calls?.asked.increment()
        let exchange = Exchange(
            request: request, responder: responder, subject: subject,
            query: query, agent: agent, active: active, calls: calls)
        if agent.logsRequests { logWhenDone(exchange) }
        if let judge = agent.judge,
            let permission = route.methods[method].access.permission(for: exchange),
            let refusal = judge.refusal(of: permission, token: exchange.token)
        {
            return exchange.fail(refusal)
        }
        switch route.methods[method].action {
        case .direct(let body):
            do throws(ConsulError) {
                try body(exchange)
            } catch {
                exchange.fail(error)
            }
        case .task(let body):
            run(body, exchange)
        }
    }

    package func refusal(ofHost host: String, onLoopback: Bool) -> HTTPResponse? {
        let settings = agent.active.settings
        let rule = HostRule(settings, nodeName: agent.local.nodeName)
        if rule.accepts(host, onLoopback: onLoopback) { return nil }
        agent.logger.info(
            """
            refused a request for another host: if clients may use this name, add it to \
            http_config.allowed_hosts
            """, metadata: ["host": "\(GoText.quoted(host))"])
        return .text(
            403,
            "Host \(GoText.quoted(host)) is not a name of this agent: add it to "
                + "http_config.allowed_hosts")
    }

    private func run(
        _ body: @escaping @Sendable (Exchange) async throws(ConsulError) -> HTTPResponse,
        _ exchange: Exchange
    ) {
        let task = Task {
            do throws(ConsulError) {
                exchange.responder.respond(try await body(exchange))
            } catch {
                exchange.fail(error)
            }
        }
        exchange.responder.onClose { task.cancel() }
    }

    private static func otherMethod(_ method: String, _ route: Route) -> HTTPResponse {
        if method == "OPTIONS" {
            return HTTPResponse(status: 200, headers: ["Allow": route.allowed])
        }
        var response = HTTPResponse.text(405, "method \(method) not allowed")
        response.headers.add(name: "Allow", value: route.allowed)
        return response
    }

    private func otherPath(_ request: HTTPRequest, _ settings: AgentContext.Settings)
        -> HTTPResponse
    {
        guard request.path == "/" else {
            return HTTPResponse(status: 404, headers: ["Vary": ""])
        }
        if settings.uiEnabled {
            return Self.moved(
                to: PercentDecoding.encode(path: settings.uiContentPath), request,
                keepsQuery: false)
        }
        var response = HTTPResponse.text(200, "Consul Agent")
        response.headers.add(name: "Vary", value: "")
        return response
    }

    /// Redirects as Go's `http.Redirect` does; keeps the query.
    private static func moved(
        to path: String, _ request: HTTPRequest, keepsQuery: Bool = true
    ) -> HTTPResponse {
        let query = keepsQuery && !request.query.isEmpty ? "?\(request.query)" : ""
        let place = path + query
        var response = HTTPResponse(status: 301, headers: ["Location": place, "Vary": ""])
        if request.method == "GET" || request.method == "HEAD" {
            response.headers.add(name: "Content-Type", value: "text/html; charset=utf-8")
            let shown = place.split(separator: "&", omittingEmptySubsequences: false)
                .joined(separator: "&amp;")
            response.body = Array("<a href=\"\(shown)\">Moved Permanently</a>.\n\n".utf8)
        }
        return response
    }

    /// Logs one line for each answer, in Consul's words. Called at level debug only.
    private func logWhenDone(_ exchange: Exchange) {
        let (request, agent) = (exchange.request, exchange.agent)
        let start = agent.clock.now()
        exchange.responder.onAnswer {
            agent.logger.debug(
                "Request finished",
                metadata: [
                    "method": "\(request.method)",
                    "url": "\(Self.withoutSecrets(request.uri))",
                    "from": "\(request.peer)",
                    "latency": "\(agent.clock.now() - start)",
                ])
        }
    }

    /// Returns the target of a request for the log. The paths of the old ACL API hold tokens.
    static func withoutSecrets(_ uri: String) -> String {
        for path in ["clone/", "destroy/", "info/", "update/"] {
            let prefix = "/v1/acl/" + path
            guard uri.utf8.starts(with: prefix.utf8) else { continue }
            let rest = uri.utf8.dropFirst(prefix.utf8.count)
            let query = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
            return prefix + Redaction.mark + Redaction.url(String(uri[query...]))
        }
        return Redaction.url(uri)
    }
}
