package import ConsulModel

/// A write, as the replicated log carries it. Everything that changes the state goes through one.
///
/// A command carries no time and no chance: what depends on them was decided by the leader before
/// the command was proposed. The cases are Consul's message types.
package enum Command: Sendable {
    case register(RegisterRequest)
    case deregister(DeregisterRequest)
    case kvs(KVSRequest)
    case session(SessionRequest)
    case txn(TxnRequest)
    /// Where nodes stand in the network.
    case coordinates([NodeCoordinate])
    /// Forget the deletions up to an index.
    case reapTombstones(through: UInt64)
    /// A type that this version does not know, marked as safe to leave out.
    case ignored(type: UInt8)
    /// Well formed, but nothing that any server could carry out; all of them refuse it alike.
    case refused(ConsulStateError)
}

/// What became of a command.
package enum CommandResult: Hashable, Sendable {
    /// Carried out.
    case done
    /// Carried out, or not because its condition did not hold (cas, delete-cas, lock).
    case applied(Bool)
    /// A transaction that was done, or not done for what its errors say.
    case transacted(TxnResponse)
    /// Refused; the state is as it was.
    case refused(ConsulStateError)
}
