package import ConsulModel

/// A write in the replicated log. Every change of the state is a command.
///
/// A command contains no time and no randomness: the leader decides what depends on them before it
/// proposes the command. The cases are Consul's message types.
package enum Command: Sendable {
    case register(RegisterRequest)
    case deregister(DeregisterRequest)
    case kvs(KVSRequest)
    case session(SessionRequest)
    case txn(TxnRequest)
    /// The positions of nodes in the network.
    case coordinates([NodeCoordinate])
    /// Forget the deletions up to an index.
    case reapTombstones(through: UInt64)
    /// An unknown type, marked as safe to ignore.
    case ignored(type: UInt8)
    /// Well formed, but impossible to carry out; all servers refuse it alike.
    case refused(ConsulStateError)
}

/// The result of a command.
package enum CommandResult: Hashable, Sendable {
    /// Carried out.
    case done
    /// Carried out, or not because its condition did not hold (cas, delete-cas, lock).
    case applied(Bool)
    /// A transaction that was done, or was refused with errors.
    case transacted(TxnResponse)
    /// Refused; the state is unchanged.
    case refused(ConsulStateError)
}
