package import ConsulModel
import Synchronization
package import Watch

/// Reads one service of this agent, waiting until its content hash changes.
package enum LocalServiceRead {
    package static func read(
        _ id: String, after: WatchIndex?, in local: LocalState,
        reply: @escaping WatchReader.Reply
    ) -> (any PendingCall)? {
        let wait = Wait(id: id, after: after, local: local, reply: reply)
        wait.begin()
        return wait.isOver ? nil : wait
    }

    private final class Wait: PendingCall {
        private let id: String
        private let after: WatchIndex?
        private let local: LocalState
        private let reply: WatchReader.Reply
        private let state = Mutex<(observer: UInt64?, isOver: Bool)>((nil, false))

        init(
            id: String, after: WatchIndex?, local: LocalState, reply: @escaping WatchReader.Reply
        ) {
            self.id = id
            self.after = after
            self.local = local
            self.reply = reply
        }

        var isOver: Bool { state.withLock { $0.isOver } }

        func begin() {
            let observer = local.observe { [self] change in
                if change == .service(id) { look() }
            }
            let isOver = state.withLock { state in
                state.observer = observer
                return state.isOver
            }
            if isOver { local.stopObserving(observer) } else { look() }
        }

        private func look() {
            let service = local.service(id).map { AgentService($0.service).hashed }
            let index = WatchIndex.hash(service?.contentHash ?? "none")
            guard index != after else { return }
            finish(.success(.init(index: index, content: .init(agentService: service, id: id))))
        }

        func cancel() { finish(.failure(ConsulError(.cancelled, "watch stopped"))) }

        private func finish(_ result: Result<WatchAnswer, ConsulError>) {
            let (observer, isFirst) = state.withLock { state in
                defer { state.isOver = true }
                return (state.observer, !state.isOver)
            }
            guard isFirst else { return }
            if let observer { local.stopObserving(observer) }
            reply(result)
        }
    }
}
