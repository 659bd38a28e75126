internal import Serf
internal import Synchronization
internal import Vivaldi

/// The pool as readers on other threads see it: replaced as a whole when the members change, and
/// once per `Limits.publishInterval` for the figures.
final class PublishedPool: Sendable {
    struct State: Sendable {
        var members: [SerfMember]
        var local: SerfMember
        var statistics: SerfStatistics
        var coordinate: Coordinate

        init(_ core: SerfCore) {
            members = core.members
            local = core.localMember
            statistics = core.statistics
            coordinate = core.coordinate
        }
    }

    private let state: Mutex<State>

    init(_ core: SerfCore) { state = Mutex(State(core)) }

    func update(_ core: SerfCore) {
        let new = State(core)
        state.withLock { $0 = new }
    }

    var current: State { state.withLock { $0 } }
}
