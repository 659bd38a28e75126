import ConsulModel
import HTTPTransport
import Telemetry
import TelemetrySinks
import Wire

let metricsRoutes = [
    Route("/v1/agent/metrics", ("GET", .agentRead, .direct(MetricsRoutes.metrics))),
    Route("/v1/agent/metrics/stream", ("GET", .agentRead, .direct(MetricsRoutes.stream))),
    Route("/metrics", ("GET", .agentRead, .direct(MetricsRoutes.native))),
]

/// The agent's metrics.
enum MetricsRoutes {
    /// Answers with the newest interval as JSON, or with `?format=prometheus` with all since the
    /// start.
    @Sendable static func metrics(_ exchange: Exchange) throws(ConsulError) {
        let metrics = exchange.agent.metrics
        guard exchange.query["format"] == "prometheus" else {
            exchange.responder.respond(exchange.json(metrics.summary()))
            return
        }
        guard metrics.hasRetention else {
            exchange.responder.respond(
                .text(
                    415, "Prometheus is not enabled since its retention time is not positive"))
            return
        }
        exchange.responder.respond(page(metrics.prometheus(.consul)))
    }

    /// The path that Prometheus reads without a setting. Beyond Consul.
    @Sendable static func native(_ exchange: Exchange) throws(ConsulError) {
        exchange.responder.respond(page(exchange.agent.metrics.prometheus(.native)))
    }

    /// Streams each finished interval of 10 seconds as a line of JSON, until the client
    /// disconnects. From newer versions of Consul.
    @Sendable static func stream(_ exchange: Exchange) throws(ConsulError) {
        let metrics = exchange.agent.metrics
        let stream = exchange.responder.respond(
            streaming: HTTPResponse(status: 200, headers: ["Content-Type": "application/json"]))
        let task = Task {
            for await summary in metrics.summaries() {
                let line = JSONWriter.encode(summary, pretty: false) + [0x0A]
                if !stream.write(line), stream.isClosed { break }
            }
            stream.end()
        }
        exchange.responder.onClose { task.cancel() }
    }

    private static func page(_ text: String) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: ["Content-Type": PrometheusText.contentType],
            body: Array(text.utf8))
    }
}
