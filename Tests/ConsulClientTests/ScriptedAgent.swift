import ConsulClient
import HTTPTransport
import Logging
import NIOPosix
import Primitives
import Synchronization
import TestKit
import Wire

/// Serves scripted answers on a unix socket and records the requests. `stop` must be called.
final class ScriptedAgent: HTTPHandler {
    struct Asked: Equatable, Sendable {
        var method: String
        var uri: String
        var body: String
        var token: String
    }

    private struct State {
        var asked: [Asked] = []
        /// The answers by method and path; each is used once, except the last one.
        var answers: [String: [HTTPResponse]] = [:]
    }

    private let state = Mutex(State())
    private let folder: TestFolder
    private let server = Mutex<HTTPServer?>(nil)
    var socket: String { "\(folder.path)/http.sock" }

    init() async throws {
        folder = try TestFolder("client")
        let started = try await HTTPServer.start(
            listeners: [.unix(path: socket)], handler: self,
            on: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        server.withLock { $0 = started }
    }

    func stop() async { await server.withLock { $0 }?.stop() }

    func client(_ change: (inout ConsulClient.Settings) -> Void = { _ in }) throws -> ConsulClient {
        var settings = ConsulClient.Settings()
        settings.address = "unix://\(socket)"
        change(&settings)
        return try ConsulClient(settings)
    }

    func answer(_ request: String, _ status: Int, _ body: String = "", index: UInt64 = 0) {
        var response = HTTPResponse(status: status, body: Array(body.utf8))
        if index > 0 { response.headers.add(name: "X-Consul-Index", value: "\(index)") }
        state.withLock { $0.answers[request, default: []].append(response) }
    }

    func answer(_ request: String, _ response: HTTPResponse) {
        state.withLock { $0.answers[request, default: []].append(response) }
    }

    var asked: [Asked] { state.withLock { $0.asked } }
    var lines: [String] { asked.map { "\($0.method) \($0.uri)" } }

    func handle(_ request: HTTPRequest, _ responder: HTTPResponder) {
        let response = state.withLock { state in
            state.asked.append(
                Asked(
                    method: request.method, uri: request.uri,
                    body: String(decoding: request.body, as: UTF8.self),
                    token: request.headers.first(name: "X-Consul-Token") ?? ""))
            let name = "\(request.method) \(request.path)"
            guard var answers = state.answers[name], let first = answers.first else {
                return HTTPResponse.text(500, "no answer to \(name)")
            }
            if answers.count > 1 { answers.removeFirst() }
            state.answers[name] = answers
            return first
        }
        responder.respond(response)
    }
}
