internal import Primitives
internal import Wire

extension MemberlistCore {
    /// Pings the next member of the round.
    mutating func beginProbe(_ delegate: inout some MemberlistDelegate) {
        isProbeOwed = false
        guard let member = nextProbed() else { return }
        let sequence = takeSequence()
        let deadline = now + awareness.scale(options.probeInterval)
        probe = Probe(
            member: member, sequence: sequence, sentAt: now,
            timeoutAt: now + options.probeTimeout, deadline: deadline)
        var ping = Ping()
        ping.sequence = Int(sequence)
        ping.node = member.name
        ping.source = source
        let message = MessageType.ping.encode(ping)
        guard member.state == .suspect, options.notifiesSuspects else {
            return send(message, to: member.address, &delegate)
        }
        // A suspected member receives the accusation with the ping, to refute it at once.
        let claim = PoolClaim(name: member.name, incarnation: member.incarnation, from: name)
        let packet = Compound.packet([message, MessageType.suspect.encode(claim.suspect)])
        out.append(
            .sendPacket(
                packet, to: member.address, checksummed: member.versions.hasChecksum))
    }

    private var source: PingSource { PingSource(localMember.address, node: name) }

    private mutating func nextProbed() -> PoolMember? {
        let (local, now, age) = (localSlot, now, options.gossipToTheDeadTime)
        let slot = table.nextProbed(
            &random, staysFirst: options.has(.probesOneMember),
            where: { $0 != local && $1.state.isLive },
            forget: { $0 != local && !$1.state.isLive && now - $1.changedAt > age })
        return slot.map { table[$0] }
    }

    /// Begins the indirect stage, or ends the probe.
    mutating func advanceProbe(_ delegate: inout some MemberlistDelegate) {
        guard let open = probe else { return }
        if open.stage == .direct {
            note(.debug, "probe.timeout", "Failed ping: \(open.member.name) (timeout reached)")
            pingIndirectly(open, &delegate)
        }
        if now >= open.deadline { failProbe(&delegate) }
    }

    private mutating func pingIndirectly(
        _ open: Probe, _ delegate: inout some MemberlistDelegate
    ) {
        probe?.stage = .indirect
        let local = localSlot
        let slots = table.pick(options.indirectChecks, &random) { slot, member in
            slot != local && member.state == .alive && member.name != open.member.name
        }
        var ping = IndirectPing()
        ping.sequence = Int(open.sequence)
        ping.target = Bytes(open.member.address.bytes)
        ping.port = Int(open.member.address.port)
        ping.node = open.member.name
        ping.source = source
        for slot in slots {
            let relay = table[slot]
            ping.wantsNack = options.expectsNacks && relay.versions.hasNack
            if ping.wantsNack { probe?.nacksExpected += 1 }
            send(MessageType.indirectPing.encode(ping), to: relay.address, &delegate)
        }
        guard !options.disablesStreamPings, open.member.versions.hasStreamPing else { return }
        var direct = Ping()
        direct.sequence = Int(open.sequence)
        direct.node = open.member.name
        direct.source = source
        let stream = openStream(
            .ping(sequence: open.sequence), to: open.member.address,
            frame: MessageType.ping.encode(direct), deadline: open.deadline)
        probe?.stream = stream
    }

    /// Ends a probe without an ack by datagram.
    private mutating func failProbe(_ delegate: inout some MemberlistDelegate) {
        guard let failed = probe else { return }
        let member = failed.member
        guard !failed.isAnsweredByStream else {
            note(
                .warning, "probe.stream",
                "Was able to connect to \(member.name) but other probes failed, network may be "
                    + "misconfigured")
            return endProbe(health: -1, &delegate)
        }
        // It may have left, or its death may have been gossiped, while the probe was open.
        if table.member(named: member.name)?.state.isLive == true {
            note(.info, "probe.failed", "Suspect \(member.name) has failed, no acks received")
            receiveSuspect(
                PoolClaim(name: member.name, incarnation: member.incarnation, from: name),
                &delegate)
        }
        endProbe(health: failed.failureDelta, &delegate)
    }

    private mutating func endProbe(
        health delta: Int, _ delegate: inout some MemberlistDelegate
    ) {
        if let stream = probe?.stream { streams[stream] = nil }
        probe = nil
        applyHealth(delta)
        if isProbeOwed { beginProbe(&delegate) }
    }

    // MARK: Answers

    mutating func receiveAck(_ ack: Ack, _ delegate: inout some MemberlistDelegate) {
        guard let sequence = UInt32(exactly: ack.sequence) else { return }
        if let open = probe, open.sequence == sequence {
            if open.stage == .direct {
                delegate.pingCompleted(
                    open.member, roundTrip: now - open.sentAt, payload: ack.payload.array[...])
            }
            return endProbe(health: -1, &delegate)
        }
        guard let relay = relays.removeValue(forKey: sequence) else {
            return note(.debug, "ack.unknown", "Ignoring an ack for no open ping")
        }
        var forwarded = Ack()
        forwarded.sequence = Int(relay.sequence)
        send(MessageType.ack.encode(forwarded), to: relay.requester, &delegate)
    }

    mutating func receiveNack(_ nack: Nack) {
        guard let open = probe, open.stage == .indirect, Int(open.sequence) == nack.sequence,
            open.nacks < open.nacksExpected
        else { return }
        probe?.nacks += 1
    }

    /// Records that the probed member answered on a stream: at the deadline the probe succeeds.
    mutating func receiveStreamAck(_ frame: [UInt8], of sequence: UInt32) {
        guard probe?.sequence == sequence else { return }
        do throws(CodecFault) {
            guard frame.first == MessageType.ack.rawValue else {
                throw CodecFault(
                    "received invalid msgType (\(frame.first ?? 0)), expected ackRespMsg (2)")
            }
            let ack: Ack = try MessageBody(bytes: frame, range: 1..<frame.count).decode()
            guard ack.sequence == Int(sequence) else {
                throw CodecFault(
                    "Sequence number from ack (\(ack.sequence)) doesn't match ping (\(sequence))")
            }
            probe?.isAnsweredByStream = true
        } catch {
            note(.error, "probe.stream.failed", "Failed fallback ping: \(error)")
        }
    }

    // MARK: Pings of others

    mutating func receivePing(
        _ ping: Ping, from source: TransportAddress, _ delegate: inout some MemberlistDelegate
    ) {
        guard ping.node.isEmpty || ping.node == name else {
            return note(
                .warning, "ping.foreign",
                "Got ping for unexpected node '\(Self.short(ping.node))' from=\(source)")
        }
        guard let sequence = UInt32(exactly: ping.sequence) else { return }
        var ack = Ack()
        ack.sequence = Int(sequence)
        ack.payload = Bytes(delegate.ackPayload())
        send(
            MessageType.ack.encode(ack), to: ping.source.transportAddress ?? source, &delegate)
    }

    /// Returns a name from the network for a note, at most as long as a name may be.
    static func short(_ name: String) -> String {
        PoolClaim.isName(name) ? name : String(name.prefix(32))
    }

    /// Pings a member for another one.
    mutating func receiveIndirectPing(
        _ request: IndirectPing, from requester: TransportAddress,
        _ delegate: inout some MemberlistDelegate
    ) {
        guard let number = UInt32(exactly: request.sequence),
            let port = UInt16(exactly: request.port),
            let target = TransportAddress(
                bytes: request.target.array, port: port == 0 ? localMember.address.port : port)
        else {
            return note(
                .error, "packet.invalid",
                "Failed to decode indirect ping request: invalid target from=\(requester)")
        }
        guard relays.count < Limits.relayedPingsMax else {
            return note(
                .warning, "relay.full",
                "Dropping an indirect ping: \(Limits.relayedPingsMax) are open")
        }
        let sequence = takeSequence()
        let end = now + options.probeTimeout
        // The nack must arrive before the requester's probe ends, at its timeout after the request:
        // the Lifeguard paper's 80 % (section 4.1). A later ack is still forwarded.
        let nackAt = now + options.probeTimeout * 4 / 5
        let relay = RelayedPing(
            requester: request.source.transportAddress ?? requester, sequence: number,
            owesNack: request.wantsNack, deadline: request.wantsNack ? nackAt : end, end: end)
        relays[sequence] = relay
        arm(.relay(sequence), at: relay.deadline)
        var ping = Ping()
        ping.sequence = Int(sequence)
        ping.node = request.node
        ping.source = source
        send(MessageType.ping.encode(ping), to: target, &delegate)
    }

    /// Sends the nack of a relayed ping without ack, or ends it.
    mutating func expireRelay(_ sequence: UInt32, _ delegate: inout some MemberlistDelegate) {
        guard var relay = relays.removeValue(forKey: sequence), relay.owesNack else { return }
        relay.owesNack = false
        relay.deadline = relay.end
        relays[sequence] = relay
        arm(.relay(sequence), at: relay.end)
        var nack = Nack()
        nack.sequence = Int(relay.sequence)
        send(MessageType.nack.encode(nack), to: relay.requester, &delegate)
    }
}
