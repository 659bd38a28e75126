internal import ConsulModel
internal import ConsulState
internal import Synchronization

/// A command that this server has proposed and not yet seen through, beside the bytes that the log
/// was given of it: so that a leader need not read back what it wrote. What became of it is left
/// here too.
///
/// An object, so that it is counted once where a command has many parts.
class ProposedCommand: @unchecked Sendable {
    fileprivate(set) final var bytes: [UInt8] = []
    /// Given by whoever drives the log, who then calls the one who proposed it.
    final var result: CommandResult?
    /// Guarded by the lock of the list.
    fileprivate final var isListed = false

    /// - Returns: nil for what may read back a little otherwise than it was (a whole number as a
    ///   double): then this server's state would not be that of the others. Only commands about
    ///   keys alone do not.
    static func of(_ command: Command) -> ProposedCommand? {
        switch command {
        case .kvs(let request): return ProposedKVS(request)
        case .txn(let request):
            return request.isAboutKeysAlone ? ProposedTxn(request) : nil
        default: return nil
        }
    }

    func carryOut(
        by machine: inout FSM, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        preconditionFailure("a proposal without a command")
    }
}

private final class ProposedKVS: ProposedCommand, @unchecked Sendable {
    private let request: KVSRequest

    init(_ request: consuming KVSRequest) {
        let bytes = request.encodedInPlace()
        self.request = request
        super.init()
        self.bytes = bytes
    }

    override func carryOut(
        by machine: inout FSM, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult { machine.apply(request, at: index, &changes) }
}

private final class ProposedTxn: ProposedCommand, @unchecked Sendable {
    private let request: TxnRequest

    init(_ request: consuming TxnRequest) {
        let bytes = request.encodedInPlace()
        self.request = request
        super.init()
        self.bytes = bytes
    }

    override func carryOut(
        by machine: inout FSM, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult { machine.apply(request, at: index, &changes) }
}

/// The proposed commands that are not carried out yet, about in the order of the log.
///
/// Found by where their bytes lie. They are held here meanwhile, so no others can lie there; an
/// entry that came from the disk or from another server lies elsewhere, and is read as usual.
final class ProposedCommands: Sendable {
    private struct List {
        var commands: [ProposedCommand?] = []
        /// Those before are gone.
        var head = 0
    }
    private let list = Mutex(List())

    func note(_ command: ProposedCommand) {
        command.isListed = true
        list.withLock { $0.commands.append(command) }
    }

    /// The command that was written as these very bytes, which leaves the list.
    func take(_ bytes: [UInt8]) -> ProposedCommand? {
        guard let place = Self.place(of: bytes) else { return nil }
        return list.withLock { list in
            Self.take(&list) {
                $0.bytes.count == bytes.count && Self.place(of: $0.bytes) == place
            }
        }
    }

    /// It was carried out, or will not be.
    func forget(_ command: ProposedCommand) {
        list.withLock { list in
            guard command.isListed else { return }
            _ = Self.take(&list, among: .max) { $0 === command }
        }
    }

    /// - Parameter among: how many are looked at. Threads may swap places between this list and the
    ///   log, so the one that is looked for is among the first; what is not there is read as usual.
    private static func take(
        _ list: inout List, among limit: Int = Limits.proposedSearched,
        where isIt: (ProposedCommand) -> Bool
    ) -> ProposedCommand? {
        let end = limit < list.commands.count - list.head ? list.head + limit : list.commands.count
        for place in list.head..<end {
            guard let command = list.commands[place], isIt(command) else { continue }
            command.isListed = false
            list.commands[place] = nil
            tidy(&list)
            return command
        }
        return nil
    }

    private static func tidy(_ list: inout List) {
        while list.head < list.commands.count, list.commands[list.head] == nil { list.head += 1 }
        if list.head == list.commands.count {
            list.commands.removeAll(keepingCapacity: list.commands.capacity <= 4096)
            list.head = 0
        } else if list.head >= 1024, list.head * 2 >= list.commands.count {
            list.commands.removeFirst(list.head)
            list.head = 0
        }
    }

    private static func place(of bytes: [UInt8]) -> UnsafePointer<UInt8>? {
        bytes.withUnsafeBufferPointer { $0.baseAddress }
    }
}
