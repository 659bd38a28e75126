package import Primitives

/// One node's part in the pool: input and time in, directives out.
///
/// A pure value. `Serf` holds it and passes itself as the delegate; a shell carries out the
/// directives. Received gossip is handled in the step that receives it: there is no queue between.
package struct MemberlistCore: Sendable {
    package private(set) var name: String
    package let options: MemberlistOptions

    var random: SeededRandom
    var now = Instant.zero
    var out: [MemberlistDirective] = []

    // Members.
    var table = MemberTable()
    private(set) var localSlot: MemberTable.Slot
    var awareness: Awareness
    var suspicions: [MemberTable.Slot: Suspicion] = [:]
    var queue = TransmitLimitedQueue()
    /// Bytes that the shell adds to each datagram.
    var packetOverhead = 0

    // Probes. The first number is random: a late ack for an earlier process of this node must not
    // match, and a stranger must not guess one.
    var nextSequence: UInt32
    var probe: Probe?
    /// A tick came while a probe was open: the next begins when that ends.
    var isProbeOwed = false
    var relays: [UInt32: RelayedPing] = [:]

    // Streams.
    var nextStream: OutgoingStream = 1
    var streams: [OutgoingStream: OpenStream] = [:]
    /// The push/pull that this node began by itself, while it is open.
    var periodicStream: OutgoingStream?

    // Timers.
    var probeDue = Instant.distantFuture
    var gossipDue = Instant.distantFuture
    var pushPullDue = Instant.distantFuture
    var leaveDeadline: Instant?
    var deadlines = MinHeap<Deadline>()
    var wakeAt: Instant?

    package private(set) var isLeaving = false
    /// The ticket of this node's own death in the queue.
    static let leaveTicket: UInt64 = 1

    /// - Parameters:
    ///   - address: the address under which the others reach this node.
    ///   - meta: at most `Limits.metaBytesMax` bytes.
    package init(
        name: String, address: TransportAddress, meta: [UInt8], versions: VersionVector = .consul,
        options: MemberlistOptions, random: SeededRandom
    ) {
        self.name = name
        self.options = options
        self.random = random
        awareness = Awareness(max: options.awarenessMax)
        nextSequence = UInt32(truncatingIfNeeded: self.random.next())
        let member = PoolMember(
            name: name, address: address, meta: meta, versions: versions, incarnation: 1)
        localSlot = table.insert(member, &self.random)
    }

    /// Makes one of the members of a node that is not started, with the same list of members. The
    /// lists share their memory until they differ: the simulation's large pools begin with it.
    ///
    /// - Returns: nil when the other node does not know the name.
    package init?(_ name: String, among other: MemberlistCore, random: SeededRandom) {
        guard let slot = other.table.slot(of: name) else { return nil }
        self = other
        self.name = name
        self.random = random
        localSlot = slot
        nextSequence = UInt32(truncatingIfNeeded: self.random.next())
        table.shuffle(&self.random)
    }

    /// Adds a member before the start, without gossip.
    package mutating func add(_ member: PoolMember) {
        guard table.slot(of: member.name) == nil else { return }
        _ = table.insert(member, &random)
    }

    // MARK: The state that may be read between steps

    /// This node itself, with its present incarnation.
    package var localMember: PoolMember { table[localSlot] }
    /// Every known member, this node, dead and left ones included, in no particular order.
    package var members: [PoolMember] { table.allSlots.map { table[$0] } }
    package func member(named name: String) -> PoolMember? { table.member(named: name) }
    /// Members of any state, this node included: the n of every formula.
    package var memberCount: Int { table.count }
    /// True when another member is alive or suspected.
    package var hasLivePeers: Bool {
        table.liveCount > (localMember.state.isLive ? 1 : 0)
    }
    /// Lifeguard's health score: 0 is healthy, below `options.awarenessMax`.
    package var healthScore: Int { awareness.score }
    /// Messages that wait to be gossiped.
    package var queuedCount: Int { queue.count }

    // MARK: Steps

    /// Announces this node and arms the timers. Called once, before any step. The delegate receives
    /// `memberJoined` with this node.
    package mutating func start(now: Instant, delegate: inout some MemberlistDelegate) {
        self.now = now
        table.update(localSlot) { $0.changedAt = now }
        probeDue = staggered(options.probeInterval)
        gossipDue = staggered(options.gossipInterval)
        pushPullDue = staggered(options.pushPullInterval)
        announce()
        delegate.memberJoined(localMember, now: now)
        finish()
    }

    /// Handles one input.
    ///
    /// - Parameter now: never goes back.
    package mutating func step(
        _ input: MemberlistInput, now: Instant, delegate: inout some MemberlistDelegate
    ) {
        self.now = max(self.now, now)
        switch input {
        case .tick: break
        case .packet(let bytes, let source): receivePacket(bytes, from: source, &delegate)
        case .streamRequest(let stream, let frame, let source):
            receiveRequest(frame, on: stream, from: source, &delegate)
        case .streamReply(let stream, let frame): receiveReply(frame, on: stream, &delegate)
        case .streamFailed(let stream, let reason): streamFailed(stream, reason, &delegate)
        }
        runTimers(&delegate)
        finish()
    }

    /// Removes and returns the directives since the last call, in order.
    package mutating func takeDirectives() -> [MemberlistDirective] {
        var taken: [MemberlistDirective] = []
        swap(&taken, &out)
        return taken
    }

    // MARK: Requests of the delegate

    /// Starts an exchange of all states with the node at an address. Its end is
    /// `MemberlistDelegate.pushPullEnded`.
    package mutating func pushPull(
        with address: TransportAddress, isJoin: Bool, now: Instant,
        delegate: inout some MemberlistDelegate
    ) -> OutgoingStream {
        self.now = max(self.now, now)
        return openPushPull(address, member: nil, isJoin: isJoin, &delegate)
    }

    /// Changes this node's meta and gossips it with a new incarnation.
    ///
    /// - Parameter meta: at most `Limits.metaBytesMax` bytes.
    package mutating func updateMeta(
        _ meta: [UInt8], now: Instant, delegate: inout some MemberlistDelegate
    ) {
        precondition(meta.count <= Limits.metaBytesMax, "a meta of \(meta.count) bytes")
        self.now = max(self.now, now)
        guard !isLeaving else { return }
        let old = localMember
        table.update(localSlot) { member in
            member.incarnation = Self.successor(of: member.incarnation)
            member.meta = meta
        }
        announce()
        if old.meta != meta { delegate.memberUpdated(localMember, now: self.now) }
        finish()
    }

    /// Gossips this node's own departure; ends with `MemberlistDelegate.leaveEnded`, at the latest
    /// after the timeout. The delegate receives `memberGone` with this node.
    package mutating func leave(
        timeout: GoDuration, now: Instant, delegate: inout some MemberlistDelegate
    ) {
        self.now = max(self.now, now)
        guard !isLeaving else {
            if leaveDeadline == nil { delegate.leaveEnded(now: self.now) }
            return
        }
        isLeaving = true
        receiveDead(
            PoolClaim(name: name, incarnation: localMember.incarnation, from: name), &delegate)
        if table.liveCount == 0 {
            delegate.leaveEnded(now: self.now)
        } else {
            leaveDeadline = self.now + timeout
        }
        finish()
    }

    /// Sends an opaque message to one address by datagram: no CRC, no gossip with it.
    package mutating func sendUserMessage(_ message: [UInt8], to address: TransportAddress) {
        out.append(
            .sendPacket([MessageType.user.rawValue] + message, to: address, checksummed: false))
    }

    /// Forgets a member that is dead or left; another one, and this node, stays.
    package mutating func forget(_ name: String) {
        guard let slot = table.slot(of: name), slot != localSlot, !table[slot].state.isLive
        else { return }
        table.remove(slot)
    }

    /// Sets the bytes that sealing adds to each datagram, so that gossip fits.
    package mutating func setPacketOverhead(_ bytes: Int) { packetOverhead = bytes }

    // MARK: Common

    mutating func note(_ level: MemberlistNote.Level, _ kind: StaticName, _ text: String) {
        out.append(.note(MemberlistNote(level, kind, "memberlist: \(text)")))
    }

    mutating func takeSequence() -> UInt32 {
        defer { nextSequence &+= 1 }
        return nextSequence
    }

    /// Returns the incarnation after one. The last stays: a node accused at that incarnation cannot
    /// refute any more, until the others have forgotten it.
    static func successor(of incarnation: UInt32) -> UInt32 {
        incarnation == .max ? .max : incarnation + 1
    }
}
