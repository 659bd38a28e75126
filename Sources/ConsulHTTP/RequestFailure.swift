import ConsulModel
import HTTPTransport
import Logging
import Primitives

/// Logs a failed request in Consul's words.
struct RequestFailure: Sendable {
    let logger: Logger
    let method: String
    let uri: String
    let peer: HTTPPeer

    func log(_ error: ConsulError) {
        // A client that disconnected is not an error.
        if error.kind == .cancelled { return }
        logger.error(
            "Request error",
            metadata: [
                "method": "\(method)", "url": "\(ConsulHandler.withoutSecrets(uri))",
                "from": "\(peer)", "error": "\(Redaction.text(error.message))",
            ])
    }
}
