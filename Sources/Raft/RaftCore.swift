package import Primitives

/// One server's part in the consensus: input and time in, directives out.
///
/// A pure value. The shell steps it with every event, one after the other, and carries out the
/// returned directives in order. Nothing is answered, voted or counted before the shell reports
/// that it is on disk.
package struct RaftCore: Sendable {
    package let id: ServerID
    package let options: RaftOptions

    // The state that the shell may read between steps.
    package internal(set) var role = Role.follower { didSet { mayBeNews = true } }
    package internal(set) var term: Term { didSet { mayBeNews = true } }
    /// The leader of `term`, once known; this server itself when it leads.
    package internal(set) var leader: Peer? { didSet { mayBeNews = true } }
    package internal(set) var commitIndex: LogIndex
    package internal(set) var appliedIndex: LogIndex
    package internal(set) var snapshot: SnapshotMeta?
    /// The newest configuration, committed or not, and its entry.
    package internal(set) var configuration = Configuration()
    package internal(set) var configurationIndex: LogIndex = 0
    /// The last time this server heard from a leader; nil when it never did. Consul's
    /// `last_contact`.
    package internal(set) var lastContact: Instant?
    // A copy of the tail's, so that a shell need not copy the whole core to read it.
    package private(set) var lastIndex: LogIndex
    package private(set) var lastTerm: Term
    /// The candidate for which this server voted in `term`; empty for none.
    package var votedFor: ServerID { vote }

    let address: String
    var random: SeededRandom
    var now = Instant.zero
    var isStarted = false
    var isStopped = false
    var out: [Directive] = []
    /// The state last reported to the shell, to find the changes of a step: compared where role,
    /// term or leader were set, which few steps do.
    private var reported: Reported
    private var mayBeNews = false
    private struct Reported: Sendable {
        var role = Role.follower
        var term: Term
        var leader: Peer?
        var configurationIndex: LogIndex = 0
    }

    // Storage.
    var vote: ServerID
    var tail: LogTail
    /// From the newest committed one on; `configuration` is the last of them.
    var configurations: [StoredState.ConfigurationEntry] = []
    /// Handed to the state machine, which may not have applied all of it yet.
    var handedIndex: LogIndex
    var dropThrough: LogIndex?
    var isTakingSnapshot = false
    var snapshotDue = Instant.distantFuture

    // Pending writes: see RaftCore+Storage.
    var sequence: UInt64 = 0
    var persistedSequence: UInt64 = 0
    var hardStateIsChanged = false
    /// The writes after which the newest term and vote, and the newest entry, are on disk.
    var hardGate: UInt64 = 0
    var logGate: UInt64 = 0
    var held: [(gate: UInt64, directive: Directive)] = []
    var bootstrapTicket: Ticket?

    // Roles.
    var follower = Follower()
    var candidate: Candidate?
    var leading: Leader?
    /// The number that the next request will have.
    package private(set) var nextExchange: ExchangeID
    /// No vote is granted before: a leader may rely on this server having heard from it.
    var loyalUntil = Instant.zero
    var wakeAt: Instant?
    /// Entries read for one server in this step serve the others too.
    var batch: (from: LogIndex, entries: [LogEntry])?

    /// Creates a server.
    ///
    /// - Parameters:
    ///   - address: `ip:port` under which the others reach this server; sent with its messages.
    ///   - stored: the contents of the disk; the state machine must be that of `stored.snapshot`.
    ///   - log: the log as found, all synced. Where it contradicts the snapshot it is dropped.
    ///   - nextExchange: above those of a core that this one replaces in the same process, so that
    ///     a late reply to the old one is not mistaken for one to this one.
    package init(
        id: ServerID, address: String, stored: StoredState, log: some LogReader,
        random: SeededRandom, options: RaftOptions = RaftOptions(), nextExchange: ExchangeID = 1
    ) {
        self.id = id
        self.address = address
        self.options = options
        self.random = random
        self.nextExchange = nextExchange
        term = stored.hardState.term
        vote = stored.hardState.vote
        snapshot = stored.snapshot
        reported = Reported(term: stored.hardState.term)
        (tail, dropThrough) = LogTail.open(log, snapshot: stored.snapshot)
        (lastIndex, lastTerm) = (tail.lastIndex, tail.lastTerm)
        let applied = stored.snapshot?.index ?? 0
        commitIndex = applied
        appliedIndex = applied
        handedIndex = applied
        if options.has(.appliesTwice), tail.firstIndex <= applied {
            handedIndex = max(tail.firstIndex - 1, applied - min(applied, 2))
        }
        if let snapshot {
            configurations = [
                .init(index: snapshot.configurationIndex, configuration: snapshot.configuration)
            ]
        }
        configurations += stored.configurations.filter {
            $0.index > applied && $0.index <= tail.lastIndex
        }
        if let last = configurations.last {
            configuration = last.configuration
            configurationIndex = last.index
            reported.configurationIndex = last.index
        }
    }

    /// Handles one input.
    ///
    /// - Parameters:
    ///   - now: never goes back.
    ///   - log: all entries of the `persist` directives so far, without truncated and compacted
    ///     ones.
    /// - Complexity: proportional to the entries in the input and in the messages that it causes.
    package mutating func step(
        _ input: Input, now: Instant, log: some LogReader
    ) -> [Directive] {
        var directives: [Directive] = []
        step(input, now: now, log: log, into: &directives)
        return directives
    }

    /// Handles one input, as above.
    ///
    /// - Parameter directives: receives the directives. An empty list, which a shell may reuse for
    ///   every step: steps come by the ten thousand.
    package mutating func step(
        _ input: Input, now: Instant, log: some LogReader, into directives: inout [Directive]
    ) {
        guard !isStopped else { return }
        swap(&out, &directives)
        self.now = max(self.now, now)
        if !isStarted { start() }
        take(input, log)
        runTimers(log)
        replicate(log)
        finish()
        if batch != nil { batch = nil }
        swap(&out, &directives)
    }

    private mutating func start() {
        isStarted = true
        if !options.has(.voteNotPersisted) { loyalUntil = now + loyalty }
        resetElectionDeadline(options.heartbeatTimeout)
        snapshotDue = now + randomised(options.snapshotInterval)
        if let dropThrough { out.append(.compact(through: dropThrough)) }
        if configurationIndex > 0 {
            out.append(.configurationChanged(configuration, index: configurationIndex))
        }
    }

    private mutating func take(_ input: Input, _ log: some LogReader) {
        switch input {
        case .tick: break
        case .request(let request, let exchange): receiveRequest(request, exchange, log)
        case .reply(let reply, let exchange): receiveReply(reply, exchange, log)
        case .failed(let exchange): exchangeFailed(exchange)
        case .preVoteUnsupported(let exchange): countVote(of: exchange, granted: true)
        case .persisted(let sequence): persisted(sequence)
        case .applied(let index): applied(through: index)
        case .snapshotTaken(let meta): snapshotTaken(meta)
        case .snapshotNotTaken: isTakingSnapshot = false
        case .snapshotReceived(let exchange): snapshotReceived(exchange)
        case .snapshotFailed(let exchange): snapshotFailed(exchange)
        case .snapshotInstalled(let exchange): snapshotInstalled(exchange, log)
        case .propose(let proposals): propose(proposals)
        case .read(let ticket, let mode): read(ticket, mode)
        case .changeConfiguration(let change, let ticket, let previousIndex):
            self.change(change, ticket, previousIndex)
        case .transferLeadership(let id, let ticket): transfer(to: id, ticket)
        case .bootstrap(let configuration, let ticket): bootstrap(configuration, ticket)
        case .restore(let ticket, let index): restore(ticket, beyond: index)
        case .restored(let meta, let ticket): restored(meta, ticket)
        case .notRestored(let ticket): out.append(.answer(ticket, .refused(.notRestored)))
        }
    }

    private mutating func receiveRequest(
        _ request: Request, _ exchange: ExchangeID, _ log: some LogReader
    ) {
        switch request {
        case .append(let append): receiveAppend(append, exchange, log)
        case .vote(let vote): receiveVote(vote, exchange)
        case .snapshot(let install): receiveSnapshot(install, exchange)
        case .timeoutNow(let message): receiveTimeoutNow(message, exchange)
        }
    }

    private mutating func receiveReply(
        _ reply: Reply, _ exchange: ExchangeID, _ log: some LogReader
    ) {
        switch reply {
        case .append(let append): receiveAppendReply(append, of: exchange, log)
        case .vote(let vote): receiveVoteReply(vote, of: exchange)
        case .snapshot(let installed): receiveSnapshotReply(installed, of: exchange)
        case .timeoutNow: _ = leading?.take(exchange)
        }
    }

    /// Emits the writes, changes of role and the next wake at the end of every step.
    private mutating func finish() {
        writeChanges()
        (lastIndex, lastTerm) = (tail.lastIndex, tail.lastTerm)
        if mayBeNews, role != reported.role || term != reported.term || leader != reported.leader {
            (reported.role, reported.term, reported.leader) = (role, term, leader)
            out.append(.roleChanged(role, term: term, leader: leader))
        }
        mayBeNews = false
        if configurationIndex != reported.configurationIndex {
            reported.configurationIndex = configurationIndex
            out.append(.configurationChanged(configuration, index: configurationIndex))
        }
        if isStopped { return }
        let next = nextDeadline
        if let wakeAt, wakeAt > now, wakeAt <= next { return }
        wakeAt = next
        out.append(.wake(at: next))
    }

    /// Stops this server: the log or another server contradicts a committed entry, so that no later
    /// state can be right.
    mutating func stop(_ error: RaftError) {
        isStopped = true
        out.append(.stop(error))
    }

    // MARK: Common

    var me: Peer { Peer(id: id, address: address) }

    /// A server that heard from a leader within this time votes for no other.
    var loyalty: GoDuration { min(options.heartbeatTimeout, options.electionTimeout) }

    /// Returns a random span between `wait` and twice that.
    mutating func randomised(_ wait: GoDuration) -> GoDuration {
        wait + random.duration(below: wait)
    }

    mutating func takeExchange() -> ExchangeID {
        defer { nextExchange += 1 }
        return nextExchange
    }

    /// Returns the identity of a server for the vote on disk and for hints: the id, or the address
    /// while the configuration does not contain it.
    func identify(_ peer: Peer) -> Peer {
        guard peer.id.isEmpty else { return peer }
        let known = configuration.servers.first { $0.address == peer.address }
        return Peer(id: known?.id ?? peer.address, address: peer.address)
    }
}
