package import ConsulModel

/// Applies Consul's commands to the state: the same commands in the same order give the same state
/// on every server. It is pure; `Applier` in ConsulServer calls it for committed entries.
package struct FSM: Sendable {
    package internal(set) var store = StateStore()
    /// The chunks of cut commands whose last chunk has not arrived.
    package internal(set) var chunks = ChunkedCommands()

    /// The kind of the newest entry; nil for one that did nothing, such as a chunk of a cut
    /// command.
    package internal(set) var lastKind: CommandKind?

    package init(store: StateStore = StateStore()) { self.store = store }

    /// Carries out the command at `index` of the log. Indexes rise, with gaps where an entry was no
    /// command. A refused command changes nothing.
    package mutating func applyCommand(
        _ index: UInt64, _ command: Command
    ) -> (result: CommandResult, changes: Changes) {
        var changes = Changes()
        let result = applyCommand(index, command, &changes)
        return (result, changes)
    }

    /// Carries out a command, as above.
    ///
    /// - Parameter changes: the changes of the command are appended to it.
    package mutating func applyCommand(
        _ index: UInt64, _ command: Command, _ changes: inout Changes
    ) -> CommandResult {
        changes.forgetLosses()
        lastKind = nil
        switch command {
        case .kvs(let request): return applyKVS(request, at: index, &changes)
        case .txn(let request): return applyTransaction(request, at: index, &changes)
        case .session(let request): return carryOut(request, at: index, &changes)
        case .register(let request): return carryOut(request, at: index, &changes)
        case .deregister(let request): return carryOut(request, at: index, &changes)
        case .coordinates(let batch): return carryOut(batch, at: index, &changes)
        case .reapTombstones(let last):
            return carryOut(TombstoneRequest(reapIndex: last), at: index, &changes)
        case .ignored: return .done
        case .refused(let reason): return .refused(reason)
        }
    }

    /// Carries out a command whose request the caller holds, without a copy of it.
    package mutating func applyTransaction(
        _ request: TxnRequest, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        changes.forgetLosses()
        lastKind = .txn
        return .transacted(store.applyTransaction(request.operations, at: index, &changes))
    }

    /// Carries out a command whose request the caller holds, without a copy of it.
    package mutating func applyKVS(
        _ request: KVSRequest, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        lastKind = CommandKind(request.operation)
        switch request.operation {
        case .lock:
            if let reason = store.refusal(ofLockBy: request.entry.session) {
                return .refused(reason)
            }
        case .unlock where request.entry.session.isEmpty: return .refused(.missingSession)
        default: break
        }
        if request.operation.writesEntry, let reason = store.kvs.refusal(ofLeaseOf: request.entry) {
            return .refused(reason)
        }
        return .applied(
            store.kvs.applyKVS(request.operation, request.entry, at: index, &changes))
    }

    /// Stops the process, printing the fault, if the state violates an invariant. For tests.
    package func checkInvariants() {
        var checker = InvariantChecker(store: store)
        store.withEachTable(&checker)
    }
}

private struct InvariantChecker: TableVisitor {
    let store: StateStore

    mutating func visit(_ table: inout some StateTable) throws(Never) {
        table.checkInvariants(in: store)
    }
}
