internal import Primitives
internal import Wire

extension MemberlistCore {
    // MARK: Streams that this node opens

    mutating func openStream(
        _ stream: OpenStream, to address: TransportAddress, frame: [UInt8], deadline: Instant
    ) -> OutgoingStream {
        let number = nextStream
        nextStream += 1
        streams[number] = stream
        out.append(.openStream(number, to: address, frame: frame, deadline: deadline))
        return number
    }

    mutating func openPushPull(
        _ address: TransportAddress, member: String?, isJoin: Bool,
        _ delegate: inout some MemberlistDelegate
    ) -> OutgoingStream {
        let frame = RemoteState.frame(
            of: table, isJoin: isJoin, userState: delegate.localState(isJoin: isJoin))
        return openStream(
            .pushPull(address, member: member, isJoin: isJoin), to: address, frame: frame,
            deadline: now + options.streamTimeout)
    }

    /// Exchanges states with a random member.
    mutating func beginPushPull(_ delegate: inout some MemberlistDelegate) {
        guard periodicStream == nil else { return }
        let local = localSlot
        let slots = table.pick(1, &random) { slot, member in
            slot != local && member.state == .alive
        }
        guard let slot = slots.first else { return }
        let member = table[slot]
        note(
            .debug, "pushpull.begin",
            "Initiating push/pull sync with: \(member.name) \(member.address)")
        periodicStream = openPushPull(
            member.address, member: member.name, isJoin: false, &delegate)
    }

    /// Returns the interval of push/pulls, which each cost work in proportion to n:
    /// interval x (ceil(log2 n - log2 32) + 1) above 32 members.
    static func pushPullInterval(_ interval: GoDuration, _ memberCount: Int) -> GoDuration {
        let threshold = 32
        guard memberCount > threshold else { return interval }
        return interval * Int64(Logarithm.binaryCeiling(memberCount) - 5 + 1)
    }

    mutating func receiveReply(
        _ frame: [UInt8], on stream: OutgoingStream, _ delegate: inout some MemberlistDelegate
    ) {
        switch streams.removeValue(forKey: stream) {
        case .none: break
        case .ping(let sequence): receiveStreamAck(frame, of: sequence)
        case .pushPull(_, let member, let isJoin):
            let failure: String?
            do throws(CodecFault) {
                let state = try Self.remoteState(frame)
                failure = merge(state, isJoin: isJoin, &delegate)
                if isJoin, failure == nil { syncSoon() }
            } catch {
                failure = error.description
            }
            endPushPull(stream, member, isJoin, failure, &delegate)
        }
    }

    /// Brings the next periodic push/pull forward: others that join at the same time are not in the
    /// list just received, and gossip about many of them takes long.
    private mutating func syncSoon() {
        guard options.syncAfterJoinTime > .zero else { return }
        let limit = min(options.syncAfterJoinTime, options.pushPullInterval)
        pushPullDue = min(pushPullDue, now + random.duration(below: limit))
    }

    mutating func streamFailed(
        _ stream: OutgoingStream, _ reason: String, _ delegate: inout some MemberlistDelegate
    ) {
        switch streams.removeValue(forKey: stream) {
        case .none: break
        case .ping: note(.error, "probe.stream.failed", "Failed fallback ping: \(reason)")
        case .pushPull(_, let member, let isJoin):
            endPushPull(stream, member, isJoin, reason, &delegate)
        }
    }

    private mutating func endPushPull(
        _ stream: OutgoingStream, _ member: String?, _ isJoin: Bool, _ failure: String?,
        _ delegate: inout some MemberlistDelegate
    ) {
        guard periodicStream == stream, let member else {
            return delegate.pushPullEnded(stream, isJoin: isJoin, failure: failure, now: now)
        }
        periodicStream = nil
        if let failure {
            note(.error, "pushpull.failed", "Push/Pull with \(member) failed: \(failure)")
        }
    }

    private static func remoteState(_ frame: [UInt8]) throws(CodecFault) -> RemoteState {
        switch frame.first.flatMap({ MessageType(rawValue: $0) }) {
        case .pushPull: return try RemoteState(frame: frame)
        case .error:
            let reply: ErrorReply = try MessageBody(bytes: frame, range: 1..<frame.count).decode()
            throw CodecFault("remote error: \(reply.error.prefix(256))")
        default:
            throw CodecFault(
                "received invalid msgType (\(frame.first ?? 0)), expected pushPullMsg (6)")
        }
    }

    // MARK: Streams that others open

    mutating func receiveRequest(
        _ frame: [UInt8], on stream: IncomingStream, from source: TransportAddress,
        _ delegate: inout some MemberlistDelegate
    ) {
        var state: RemoteState?
        do throws(CodecFault) {
            guard let first = frame.first else { throw CodecFault("missing message type byte") }
            let body = MessageBody(bytes: frame, range: 1..<frame.count)
            switch MessageType(rawValue: first) {
            case .pushPull:
                let received = try RemoteState(frame: frame)
                state = received
                let own = delegate.localState(isJoin: received.isJoin)
                out.append(
                    .replyStream(
                        stream,
                        RemoteState.frame(of: table, isJoin: received.isJoin, userState: own)))
            case .ping: answer(try body.decode(), on: stream, from: source)
            case .user: try receiveUserStream(body, &delegate)
            case .error:
                let reply: ErrorReply = try body.decode()
                throw CodecFault("remote error: \(reply.error.prefix(256))")
            default: throw CodecFault("Received invalid msgType (\(first))")
            }
        } catch {
            note(.error, "stream.invalid", "failed to receive: \(error) from=\(source)")
        }
        out.append(.closeStream(stream))
        // The other side has its answer before this side judges, as with HashiCorp's agents.
        guard let state, let failure = merge(state, isJoin: state.isJoin, &delegate) else { return }
        note(.error, "pushpull.failed", "Failed push/pull merge: \(failure) from=\(source)")
    }

    private mutating func answer(
        _ ping: Ping, on stream: IncomingStream, from source: TransportAddress
    ) {
        guard ping.node.isEmpty || ping.node == name else {
            return note(
                .warning, "ping.foreign",
                "Got ping for unexpected node \(Self.short(ping.node)) from=\(source)")
        }
        guard let sequence = UInt32(exactly: ping.sequence) else { return }
        var ack = Ack()
        ack.sequence = Int(sequence)
        out.append(.replyStream(stream, MessageType.ack.encode(ack)))
    }

    private mutating func receiveUserStream(
        _ body: MessageBody, _ delegate: inout some MemberlistDelegate
    ) throws(CodecFault) {
        var reader = MessagePackReader(body.bytes, from: body.range.lowerBound)
        var header = UserStreamHeader()
        do { try header.decode(from: &reader) } catch { throw CodecFault("\(error)") }
        let rest = body.bytes[reader.offset...]
        guard (0...Limits.userStreamBytesMax).contains(header.length), rest.count >= header.length
        else { throw CodecFault("a user message of \(header.length) bytes") }
        delegate.receiveUserMessage(rest.prefix(header.length), now: now)
    }

    // MARK: Merging

    /// Merges the other side's state into this one's.
    ///
    /// - Returns: the reason why nothing was merged.
    private mutating func merge(
        _ state: RemoteState, isJoin: Bool, _ delegate: inout some MemberlistDelegate
    ) -> String? {
        if let refusal = VersionCheck.refusal(of: state.nodes, into: table) { return refusal }
        if isJoin {
            let port = localMember.address.port
            let members = state.nodes.compactMap { node -> PoolMember? in
                guard let known = node.knownState else { return nil }
                var member = try? PoolMember(node.alive, port: port)
                member?.state = known
                return member
            }
            if let refusal = delegate.refusal(ofMerge: members) { return refusal }
        }
        for node in state.nodes { merge(node, &delegate) }
        if !state.userState.isEmpty {
            delegate.mergeRemoteState(state.userState, isJoin: isJoin, now: now)
        }
        return nil
    }

    private mutating func merge(
        _ node: PushNodeState, _ delegate: inout some MemberlistDelegate
    ) {
        guard let known = node.knownState else { return }
        if known == .alive { return receiveAlive(node.alive, &delegate) }
        // A death is only suspected: the member may have refuted it to others.
        let isLeft = known == .left
        let believes = known == .dead && options.has(.believesDeadInPushPull)
        let claim = PoolClaim(
            name: node.name, incarnation: node.incarnation, from: isLeft ? node.name : name)
        guard let claim else { return }
        if isLeft || believes {
            receiveDead(claim, &delegate)
        } else {
            receiveSuspect(claim, &delegate)
        }
    }
}
