package import Primitives
package import Raft

/// The state of a node after its last step.
package struct RaftStatus: Sendable, Hashable {
    package var role = Role.follower
    package var term: Term = 0
    package var leader: Peer?
    package var configuration = Configuration()
    package var configurationIndex: LogIndex = 0
    package var commitIndex: LogIndex = 0
    package var appliedIndex: LogIndex = 0
    package var lastIndex: LogIndex = 0
    package var lastTerm: Term = 0
    package var snapshotIndex: LogIndex = 0
    package var snapshotTerm: Term = 0
    /// The last time a follower heard from its leader; nil when it never did.
    package var lastContact: Instant?
    /// The reason why the node has stopped for good; nil while it runs.
    package var stopped: String?
    /// The fault of the last write to the disk, until the node leads again; nil without one.
    package var writeFault: String?
}

/// The reason why a request was refused.
package enum RaftRefusal: Error, Sendable, Hashable {
    /// Nothing was written. Names the leader, if one is known.
    case notLeader(Peer?)
    /// The entry is in the log of a server that no longer leads: it may yet be committed, or not.
    case leadershipLost
    case timedOut
    case refused(RaftError)
    /// More requests wait than `Limits` allows; nothing was written.
    case tooMany
    /// The node stopped, or could not write, for this reason.
    case stopped(String)

    static let shuttingDown = RaftRefusal.stopped("the server is shutting down")
}
