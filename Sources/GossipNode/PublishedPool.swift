internal import Serf
internal import Synchronization

/// The members of a pool for readers on other threads: replaced as a whole when they change.
final class PublishedPool: Sendable {
    private struct State {
        var members: [SerfMember]
        var local: SerfMember
    }

    private let state: Mutex<State>

    init(_ core: SerfCore) {
        state = Mutex(State(members: core.members, local: core.localMember))
    }

    func update(_ core: SerfCore) {
        let new = State(members: core.members, local: core.localMember)
        state.withLock { $0 = new }
    }

    var members: [SerfMember] { state.withLock { $0.members } }
    var local: SerfMember { state.withLock { $0.local } }
}
