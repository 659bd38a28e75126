/// The reason why the core refuses a request.
package enum RaftError: Error, Sendable, Hashable {
    /// A change of the group is not committed yet; changes are made one at a time.
    case changeInProgress
    /// The leader has not yet committed an entry of its own term.
    case notReady
    /// The configuration is not the one for which the change was made; its entry is named.
    case configurationMoved(LogIndex)
    case noSuchServer(ServerID)
    /// Another server has this address.
    case addressTaken(String)
    /// A group needs a voter.
    case noVoterLeft
    case duplicateServer(ServerID)
    /// The log, the term or a snapshot shows that this server is in a group already.
    case alreadyBootstrapped
    /// This server is not a voter of that configuration.
    case notAVoter(ServerID)
    /// A transfer of the leadership is open; nothing is accepted meanwhile.
    case transferInProgress
    /// More data is waiting to be committed than `Limits` allows.
    case tooMuchUncommitted
    /// The contents could not be written down.
    case notRestored
    /// The entry cannot be read back from the log.
    case unreadable(LogIndex)
    /// The entry holds a configuration that cannot be read.
    case badConfiguration(LogIndex)
    /// A leader contradicts an entry that is committed here: a disk has lost or changed data.
    case committedEntryContradicted(LogIndex)
}
