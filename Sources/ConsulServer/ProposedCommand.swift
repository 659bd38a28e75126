internal import ConsulModel
internal import ConsulState
internal import Raft
internal import RaftNode

/// Accompanies a command that this server has proposed, and carries the result back to the
/// proposer.
///
/// Contexts of commands on keys hold the command itself, so that a leader need not decode what it
/// encoded. All others are decoded from their entry, as on every other server.
///
/// A class, so that copying costs one retain where a command has many parts.
class ProposedCommand: @unchecked Sendable {
    /// Whether it changes so few records that readers may wait for it.
    final let isBrief: Bool
    /// Set by the thread that drives the log, which calls the proposer afterwards.
    final var result: CommandResult?

    init(isBrief: Bool) { self.isBrief = isBrief }

    /// Returns the context of a command and the data of its entry.
    ///
    /// The context holds the command only when decoding the entry gives an equal one (a whole
    /// number may decode as a double): else this server's state would differ from that of the
    /// others. That is certain for commands on keys only.
    static func make(_ command: Command) -> (context: ProposedCommand, data: [UInt8]) {
        let isBrief = command.isBrief
        switch command {
        case .kvs(var request):
            let data = request.encodedInPlace()
            return (ProposedKVS(request, isBrief: isBrief), data)
        case .txn(var request) where request.isAboutKeysAlone:
            let data = request.encodedInPlace()
            return (ProposedTxn(request, isBrief: isBrief), data)
        default: return (ProposedCommand(isBrief: isBrief), command.encoded())
        }
    }

    /// Casts a context of the node; `RaftLog` makes all of them.
    static func of(_ context: (any ProposalContext)?) -> ProposedCommand? {
        context.map { unsafeDowncast($0, to: ProposedCommand.self) }
    }

    /// Applies the command, whose last or only entry this is.
    func carryOut(
        _ entry: LogEntry, by fsm: inout FSM, _ changes: inout Changes
    ) throws -> CommandResult {
        try fsm.applyEntry(
            entry.index, term: entry.term, data: entry.data, extensions: entry.extensions,
            &changes)
    }
}

private final class ProposedKVS: ProposedCommand, @unchecked Sendable {
    private let request: KVSRequest

    init(_ request: consuming KVSRequest, isBrief: Bool) {
        self.request = request
        super.init(isBrief: isBrief)
    }

    override func carryOut(
        _ entry: LogEntry, by fsm: inout FSM, _ changes: inout Changes
    ) throws -> CommandResult {
        // Every server joins the pieces of a cut command, so that all forget them at the same
        // entry.
        guard entry.extensions.isEmpty else {
            return try super.carryOut(entry, by: &fsm, &changes)
        }
        return fsm.applyKVS(request, at: entry.index, &changes)
    }
}

private final class ProposedTxn: ProposedCommand, @unchecked Sendable {
    private let request: TxnRequest

    init(_ request: consuming TxnRequest, isBrief: Bool) {
        self.request = request
        super.init(isBrief: isBrief)
    }

    override func carryOut(
        _ entry: LogEntry, by fsm: inout FSM, _ changes: inout Changes
    ) throws -> CommandResult {
        guard entry.extensions.isEmpty else {
            return try super.carryOut(entry, by: &fsm, &changes)
        }
        return fsm.applyTransaction(request, at: entry.index, &changes)
    }
}
