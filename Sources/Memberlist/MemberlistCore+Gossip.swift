internal import Primitives
internal import Wire

extension MemberlistCore {
    /// The type and the CRC before a packet.
    private static let checksumBytes = 5
    /// Bytes of a user message besides its part of a compound: its type.
    private static let userOverhead = 1

    private var transmissionsMax: Int {
        if options.has(.transmitsOnce) { return 1 }
        return TransmitLimitedQueue.retransmits(
            multiplier: options.retransmitMultiplier, memberCount: memberCount)
    }

    // MARK: The queue

    /// Queues a message about a member, in place of an older one.
    mutating func broadcast(
        _ type: MessageType, _ record: some Record, about name: String, ticket: UInt64? = nil
    ) {
        queue.append(type.encode(record), replacing: name, ticket: ticket)
        if queue.count > Limits.queuedMax { queue.prune(to: Limits.queuedMax) }
    }

    /// Queues an alive message about this node.
    mutating func announce() { broadcast(.alive, Alive(localMember), about: name) }

    /// Returns messages for one datagram: memberlist's, then the delegate's.
    private mutating func takeBroadcasts(
        limit: Int, _ delegate: inout some MemberlistDelegate
    ) -> [[UInt8]] {
        var taken = queue.take(
            overhead: Compound.overhead, limit: limit, transmissionsMax: transmissionsMax)
        if queue.hasFinished { finishBroadcasts(&delegate) }
        let used = taken.reduce(0) { $0 + $1.count + Compound.overhead }
        let overhead = Compound.overhead + Self.userOverhead
        guard limit - used > overhead else { return taken }
        let users = delegate.broadcasts(
            overhead: overhead, limit: limit - used, memberCount: memberCount)
        for message in users { taken.append([MessageType.user.rawValue] + message) }
        return taken
    }

    private mutating func finishBroadcasts(_ delegate: inout some MemberlistDelegate) {
        let isGone = queue.takeFinished().contains(Self.leaveTicket)
        if isGone, leaveDeadline != nil { endLeave(&delegate) }
    }

    /// Ends the departure: it was gossiped enough, or its time is over.
    mutating func endLeave(_ delegate: inout some MemberlistDelegate) {
        leaveDeadline = nil
        delegate.leaveEnded(now: now)
    }

    // MARK: Packets

    /// Sends a message with as much gossip as fits.
    mutating func send(
        _ message: [UInt8], to address: TransportAddress, _ delegate: inout some MemberlistDelegate
    ) {
        let room =
            options.packetBytesMax - packetOverhead - Compound.header - Compound.overhead
            - message.count
        let gossip = takeBroadcasts(limit: room, &delegate)
        sendParts([message] + gossip, to: address, checksummed: false)
    }

    /// Sends messages as compounds of bounded size: one, unless they are tiny.
    private mutating func sendParts(
        _ messages: [[UInt8]], to address: TransportAddress, checksummed: Bool
    ) {
        var rest = messages[...]
        while !rest.isEmpty {
            let packet = Compound.packet(rest.prefix(Limits.compoundPartsMax))
            out.append(.sendPacket(packet, to: address, checksummed: checksummed))
            rest = rest.dropFirst(Limits.compoundPartsMax)
        }
    }

    /// Sends queued messages to random members, each its own batch.
    mutating func gossip(_ delegate: inout some MemberlistDelegate) {
        let slots = gossipTargets()
        let room =
            options.packetBytesMax - packetOverhead - Compound.header - Self.checksumBytes
        for slot in slots {
            let messages = takeBroadcasts(limit: room, &delegate)
            if messages.isEmpty { return }
            let member = table[slot]
            sendParts(
                messages, to: member.address, checksummed: member.versions.hasChecksum)
        }
    }

    /// Picks among the live members and those that died recently: they may be able to refute.
    private mutating func gossipTargets() -> [MemberTable.Slot] {
        guard table.count > 1 else { return [] }
        let (local, now, age) = (localSlot, now, options.gossipToTheDeadTime)
        return table.pick(options.gossipNodes, &random) { slot, member in
            switch member.state {
            case .alive, .suspect: slot != local
            case .dead: slot != local && now - member.changedAt <= age
            case .left: false
            }
        }
    }
}
