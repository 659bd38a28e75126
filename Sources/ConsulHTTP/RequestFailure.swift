import ConsulModel
import HTTPTransport
import Logging
import Primitives

/// A request that came to nothing, as the log tells it in Consul's words.
struct RequestFailure: Sendable {
    let logger: Logger
    let method: String
    let uri: String
    let peer: HTTPPeer

    func tell(_ error: ConsulError) {
        // Its client has gone, which is nobody's fault and no news.
        if error.kind == .cancelled { return }
        logger.error(
            "Request error",
            metadata: [
                "method": "\(method)", "url": "\(ConsulHandler.withoutSecrets(uri))",
                "from": "\(peer)", "error": "\(Redaction.text(error.message))",
            ])
    }
}
