package import ConsulModel
package import Watch
import Wire

/// Executes a watch's queries inside the agent: against the backend, the event buffer or the local
/// state.
package struct WatchReader: Sendable {
    private let backend: any Backend
    private let events: UserEventBuffer
    private let local: LocalState
    private let members: MemberFeed
    private let questions: UserEventBuffer

    package typealias Reply = @Sendable (Result<WatchAnswer, ConsulError>) -> Void

    package init(
        backend: any Backend, events: UserEventBuffer, local: LocalState, members: MemberFeed,
        questions: UserEventBuffer = UserEventBuffer()
    ) {
        self.backend = backend
        self.events = events
        self.local = local
        self.members = members
        self.questions = questions
    }

    /// Calls back once the source has news after `after` (a higher index, or another hash).
    /// - Returns: a handle when the answer is still pending.
    package func read(_ query: WatchQuery, after: WatchIndex?, reply: @escaping Reply)
        -> (any PendingCall)?
    {
        switch query {
        case .key(let query):
            ask(.kvsGet, query, after, reply) { WatchContent(key: $0.first) }
        case .keyPrefix(let query):
            ask(.kvsList, query, after, reply) { WatchContent(keyPrefix: $0) }
        case .services(let query):
            ask(.catalogListServices, query, after, reply) { WatchContent(services: $0) }
        case .nodes(let query):
            ask(.catalogListNodes, query, after, reply) { WatchContent(nodes: $0) }
        case .service(let query):
            ask(.healthServiceNodes, query, after, reply) { WatchContent(instances: $0) }
        case .serviceChecks(let query):
            ask(.healthServiceChecks, query, after, reply) { WatchContent(checks: $0) }
        case .checksInState(let query):
            ask(.healthChecksInState, query, after, reply) { WatchContent(checks: $0) }
        case .event(let name):
            read(events, name, after, reply)
        case .question(let name):
            read(questions, name, after, reply)
        case .agentService(let id):
            LocalServiceRead.read(id, after: after, in: local, reply: reply)
        case .members:
            members.read(after: Self.number(after)) { result in
                reply(
                    result.map { members, revision in
                        WatchAnswer(index: .index(revision), content: .init(members: members))
                    })
            }
        }
    }

    private func read(
        _ buffer: UserEventBuffer, _ name: String, _ after: WatchIndex?, _ reply: @escaping Reply
    ) -> (any PendingCall)? {
        buffer.read(named: name, after: Self.number(after)) { events, index in
            reply(.success(WatchAnswer(index: .index(index), content: .init(events: events))))
        }
    }

    private func ask<Request: ReadRequest, Answer: IndexedReply>(
        _ endpoint: Endpoint<Request, Answer>, _ query: Request,
        _ after: WatchIndex?, _ reply: @escaping Reply,
        content: @escaping @Sendable (Answer.Value) -> WatchContent
    ) -> (any PendingCall)? {
        var query = query
        query.options.minQueryIndex = Self.number(after)
        return backend.call(endpoint, query) { result in
            reply(
                result.map { answer in
                    WatchAnswer(index: .index(answer.meta.index), content: content(answer.value))
                })
        }
    }

    private static func number(_ index: WatchIndex?) -> UInt64 {
        if case .index(let value) = index { value } else { 0 }
    }
}
