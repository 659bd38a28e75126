internal import Memberlist
internal import Primitives
internal import Vivaldi

/// The state of a Serf node without memberlist's, which calls it as its delegate.
///
/// A delegate must not step memberlist, so requests to it are recorded (`requests`) and carried out
/// by `SerfCore` after the step.
struct SerfState: Sendable {
    enum Phase: Sendable, Hashable {
        case alive
        /// A departure was announced.
        case leaving
        /// The node is no longer in the pool.
        case ended
    }

    /// A request to memberlist.
    enum Request: Sendable, Hashable {
        case send([UInt8], to: TransportAddress)
        /// Forget a member that Serf has reaped.
        case forget(String)
    }

    /// The end of an exchange of states.
    struct ExchangeEnd: Sendable, Hashable {
        var stream: OutgoingStream
        var failure: String?
    }

    let name: String
    let address: TransportAddress
    let options: SerfOptions
    var tags: [String: String]
    var random: SeededRandom
    var phase = Phase.alive

    var clock = LamportClock()
    var eventClock = LamportClock()
    var queryClock = LamportClock()
    /// Events and queries of earlier times are not delivered.
    var eventTimeMin: UInt64 = 0
    var queryTimeMin: UInt64 = 0
    var eventRing = EventRing()
    var queryRing = QueryRing()

    var table = MemberTable()
    var recentIntents = RecentIntents()
    /// Members to forget at the end of their departure, and when.
    var prunes: [(name: String, at: Instant)] = []

    var queues = GossipQueues()

    var openQueries = OpenQueries()
    var receivedQueries = ReceivedQueries()
    var keys: KeyringChanges

    var vivaldi: VivaldiClient
    var coordinates: [String: Coordinate] = [:]
    /// The payload of acks, encoded once per change of the coordinate.
    var encodedCoordinate: [UInt8] = []

    /// Joins of this node that do not deliver earlier events are open.
    var ignoresOldEvents = false
    /// The times that the snapshot file contains.
    var recordedTimes: SnapshotState
    var clockRecordedAt: Instant?

    var requests: [Request] = []
    var exchangeEnds: [ExchangeEnd] = []
    var leaveHasEnded = false
    /// This node lost the vote about its name.
    var lostName = false
    var directives: [SerfDirective] = []

    init(
        name: String, address: TransportAddress, tags: [String: String], options: SerfOptions,
        keyring: Keyring, restored: SnapshotState, random: SeededRandom
    ) {
        self.name = name
        self.address = address
        self.tags = tags
        self.options = options
        self.random = random
        keys = KeyringChanges(keyring)
        vivaldi = VivaldiClient(random: SeededRandom(seed: self.random.next()))
        recordedTimes = restored
        clock.witness(restored.clock)
        eventClock.witness(restored.eventClock)
        queryClock.witness(restored.queryClock)
        if restored.eventClock > 0 { eventTimeMin = eventClock.time }
        if restored.queryClock > 0 { queryTimeMin = queryClock.time }
        encodeCoordinate()
    }

    // MARK: Directives

    mutating func note(
        _ level: MemberlistNote.Level, _ kind: StaticName, _ text: String
    ) {
        directives.append(.note(MemberlistNote(level, kind, "serf: " + text)))
    }

    /// Appends a line to the snapshot file, until this node leaves.
    mutating func record(_ record: SnapshotRecord) {
        guard phase == .alive else { return }
        directives.append(.record(record))
    }

    mutating func takeDirectives() -> [SerfDirective] {
        let taken = directives
        directives = []
        return taken
    }
}
