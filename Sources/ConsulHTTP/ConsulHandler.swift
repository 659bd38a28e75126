import ConsulModel
package import HTTPTransport
import Logging
import NIOHTTP1

/// Consul's HTTP API: finds the route, hands it the exchange, maps its errors.
package final class ConsulHandler: HTTPHandler {
    private let agent: AgentContext
    private let table = RouteTable.standard

    package init(_ agent: AgentContext) { self.agent = agent }

    package func handle(_ request: HTTPRequest, _ responder: HTTPResponder) {
        guard let (route, rest) = table.find(request.path) else {
            responder.respond(otherPath(request, agent))
            return
        }
        guard let action = route.actions.first(where: { $0.method == request.method })?.action
        else {
            responder.respond(Self.otherMethod(request.method, route))
            return
        }
        guard let subject = PercentDecoding.decode(rest) else {
            responder.respond(
                .text(400, "Invalid path: a percent escape is broken or not UTF-8"))
            return
        }
        let exchange = Exchange(
            request: request, responder: responder, subject: subject,
            query: QueryParameters(request.query), agent: agent)
        if agent.logger.logLevel <= .debug { logWhenDone(exchange) }
        switch action {
        case .direct(let body):
            do throws(ConsulError) {
                try body(exchange)
            } catch {
                responder.respond(ErrorMapping.response(for: error))
            }
        case .task(let body):
            run(body, exchange)
        }
    }

    private func run(
        _ body: @escaping @Sendable (Exchange) async throws(ConsulError) -> HTTPResponse,
        _ exchange: Exchange
    ) {
        let task = Task {
            do throws(ConsulError) {
                exchange.responder.respond(try await body(exchange))
            } catch {
                exchange.responder.respond(ErrorMapping.response(for: error))
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

    private func otherPath(_ request: HTTPRequest, _ agent: AgentContext) -> HTTPResponse {
        guard request.path == "/" else { return HTTPResponse(status: 404) }
        return .text(200, "Consul Agent")
    }

    private func logWhenDone(_ exchange: Exchange) {
        exchange.agent.logger.debug(
            "Request started",
            metadata: [
                "method": "\(exchange.request.method)",
                "url": "\(Self.withoutToken(exchange.request.uri))",
                "from": "\(exchange.request.peer)",
            ])
    }

    /// Secrets stay out of the log.
    static func withoutToken(_ uri: String) -> String {
        guard let start = uri.range(of: "token=") else { return uri }
        let end = uri[start.upperBound...].firstIndex(of: "&") ?? uri.endIndex
        return uri[..<start.upperBound] + "<hidden>" + uri[end...]
    }
}

extension String {
    /// The first place of a text, without Foundation.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
