import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Platform
import Primitives

/// A request without an answer, in Go's words: `Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1:
/// connect: connection refused`.
package struct HTTPCallError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// No connection was made: the request was certainly not carried out.
        case connect
        case timeout
        case cancelled
        /// The connection broke, or the answer was not HTTP.
        case broken
        /// The URL, a certificate file or a setting is invalid.
        case invalid
    }

    package var kind: Kind
    /// The text without the method and URL.
    package var reason: String
    package var method: String
    package var url: String

    package var description: String {
        guard RequestRules.isToken(method) else { return reason }
        let verb = method.prefix(1).uppercased() + method.dropFirst().lowercased()
        return "\(verb) \(GoText.quoted(Redaction.url(url))): \(reason)"
    }

    init(_ call: HTTPCall, kind: Kind = .invalid, reason: String) {
        self.kind = kind
        self.reason = reason
        method = call.method
        url = call.url
    }

    init(_ call: HTTPCall, _ error: any Error, isTimedOut: Bool, hasHead: Bool) {
        if let error = error as? HTTPCallError {
            self = error
            return
        }
        let (kind, reason) =
            isTimedOut
            ? Self.timeout(hasHead) : Self.explain(call, error, hasHead: hasHead)
        self.init(call, kind: kind, reason: reason)
    }

    private static func timeout(_ hasHead: Bool) -> (Kind, String) {
        let place = hasHead ? "while reading body" : "while awaiting headers"
        return (.timeout, "net/http: request canceled (Client.Timeout exceeded \(place))")
    }

    private static func explain(
        _ call: HTTPCall, _ error: any Error, hasHead: Bool
    ) -> (Kind, String) {
        let target = try? CallTarget(call)
        let network = call.unixSocket == nil ? "tcp" : "unix"
        let address = call.unixSocket ?? withPort(target?.authority ?? "", call.url)
        switch error {
        case is CancellationError: return (.cancelled, "context canceled")
        case let error as TLSError: return (.invalid, error.description)
        case let error as NetworkError: return (.connect, error.description)
        case is NIOConnectionError:
            return (.connect, NetworkError(dialing: network, address, error).description)
        case let error as IOError where isFromConnect(error.errnoCode):
            return (.connect, NetworkError(dialing: network, address, error).description)
        case let error as IOError: return (.broken, errnoText(error.errnoCode))
        case let error as ChannelError:
            if case .connectTimeout = error {
                return (.timeout, "dial \(network) \(address): i/o timeout")
            }
            return (.broken, "EOF")
        case let error as AsyncHTTPClient.HTTPClientError:
            return explain(error, dial: "dial \(network) \(address)", hasHead)
        case let error as NIOSSLError: return (.connect, certificateText("\(error)"))
        default: return (.broken, certificateText("\(error)"))
        }
    }

    private static func explain(
        _ error: AsyncHTTPClient.HTTPClientError, dial: String, _ hasHead: Bool
    ) -> (Kind, String) {
        switch error {
        case .cancelled: (.cancelled, "context canceled")
        case .deadlineExceeded, .readTimeout: timeout(hasHead)
        case .connectTimeout: (.timeout, "\(dial): i/o timeout")
        case .tlsHandshakeTimeout: (.timeout, "net/http: TLS handshake timeout")
        case .getConnectionFromPoolTimeout: (.timeout, "\(dial): too many connections wait")
        case .remoteConnectionClosed: (.broken, hasHead ? "unexpected EOF" : "EOF")
        case .redirectLimitReached:
            (.broken, "stopped after \(Limits.redirectsMax) redirects")
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath:
            (.invalid, "invalid URL")
        case .alreadyShutdown: (.cancelled, "the client is shut down")
        default: (.broken, error.description)
        }
    }

    private static func isFromConnect(_ code: Int32) -> Bool {
        switch code {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOENT, EACCES, ETIMEDOUT: true
        default: false
        }
    }

    /// Translates an error of BoringSSL to Go's text. The library reports its reasons as text only,
    /// with the names of its source files.
    private static func certificateText(_ text: String) -> String {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "x509: certificate is not trusted: it is signed by an unknown authority, expired"
                + " or not valid for this host"
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "http: server gave HTTP response to HTTPS client"
        }
        if let routine = text.firstRange(of: "OPENSSL_internal:") {
            let code = text[routine.upperBound...].prefix { $0.isUppercase || $0 == "_" }
            return "tls: " + code.lowercased().replacing("_", with: " ")
        }
        guard let place = text.firstRange(of: " at /") else { return text }
        return String(text[..<place.lowerBound])
    }

    /// `host:port` with the scheme's port where the URL names none.
    private static func withPort(_ authority: String, _ url: String) -> String {
        let host = authority.split(separator: "@").last.map(String.init) ?? authority
        let behind = host.hasPrefix("[") ? host.drop { $0 != "]" } : host[...]
        if behind.contains(":") { return host }
        return host + (url.lowercased().hasPrefix("https") ? ":443" : ":80")
    }
}
