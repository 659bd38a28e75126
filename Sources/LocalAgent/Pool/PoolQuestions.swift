package import ConsulModel
internal import GossipNode
internal import Logging
internal import Primitives
package import Serf
internal import Synchronization
internal import Wire

/// Passes questions of the pool to the watches that answer them, and the handlers' outputs back.
package final class PoolQuestions: Sendable {
    /// Returns true when a watch answers questions of this name.
    package typealias Filter = @Sendable (_ name: String) -> Bool

    private struct State {
        var hasWatch: Filter = { _ in false }
        var send: (@Sendable (QueryID, [UInt8]) -> Void)?
    }

    /// The questions in the form of events, for the watches.
    package let buffer = UserEventBuffer()
    private let state = Mutex(State())

    package init() {}

    /// Sets the watches' part. Questions without a watch are dropped: a later watch must not answer
    /// them.
    package func listen(_ hasWatch: @escaping Filter) {
        state.withLock { $0.hasWatch = hasWatch }
    }

    /// Sets the pool's part.
    func attach(_ send: @escaping @Sendable (QueryID, [UInt8]) -> Void) {
        state.withLock { $0.send = send }
    }

    func receive(_ query: ReceivedQuery) {
        guard state.withLock({ $0.hasWatch })(query.name) else { return }
        var question = UserEvent()
        question.id = QuestionID.text(query.id)
        question.name = query.name
        question.payload = Bytes(query.payload)
        question.lTime = query.id.lTime
        buffer.append(question)
    }

    /// Sends a handler's output to the member that asked.
    func answer(_ ids: [String], _ output: String) {
        guard let send = state.withLock({ $0.send }) else { return }
        // Cut at a character: the rest of the packet names this node and the question.
        var text = Substring(output)
        while text.utf8.count > Limits.poolAnswerBytesMax { text.removeLast() }
        for id in ids { if let id = QuestionID.parse(id) { send(id, Array(text.utf8)) } }
    }
}
