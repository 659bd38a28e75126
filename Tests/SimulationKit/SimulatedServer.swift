import Primitives
import Raft

/// One server: the core, its disk, its state machine, and the state of the shell around them.
struct SimulatedServer {
    struct Inbound {
        let from: Int
        let incarnation: Int
        let exchange: ExchangeID
    }

    /// A snapshot that is being received.
    struct Incoming {
        let meta: SnapshotMeta
        var contents: [UInt8] = []
    }

    let number: Int
    var id: ServerID { "s\(number + 1)" }
    var core: RaftCore?
    var disk = SimulatedDisk()
    var machine = KVMachine()
    /// Rises with each start: events for an earlier one are dropped.
    var incarnation = 0
    var inbound: [ExchangeID: Inbound] = [:]
    var incoming: [ExchangeID: Incoming] = [:]
    var nextInbound: ExchangeID = 1
    var results: [LogIndex: UInt16] = [:]
    /// Handed out and not yet applied by the machine.
    var unapplied: [(from: LogIndex, through: LogIndex)] = []
    var todo: [Input] = []
    /// The newest write, and the newest that was reported to the core.
    var newest: UInt64 = 0
    var reported: UInt64 = 0
    var isSyncing = false
    var isSlow = false
    var crashesInStep = false

    // The clock.
    var offset: Int64 = 0
    /// Thousandths of the real speed.
    var rate: Int64 = 1000
    var wakeAt = Instant.distantFuture

    init(number: Int) { self.number = number }

    var isUp: Bool { core != nil }

    func local(_ time: Instant) -> Instant {
        Instant(nanoseconds: time.nanoseconds / 1000 * rate + offset)
    }

    /// Returns the time of the simulated world at which this clock shows `instant`.
    func global(_ instant: Instant) -> Instant {
        Instant(nanoseconds: (instant.nanoseconds - offset) / rate * 1000 + 1000)
    }
}
