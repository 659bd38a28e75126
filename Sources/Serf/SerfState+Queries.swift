internal import Memberlist
internal import Primitives
internal import Wire

extension SerfState {
    /// A query of this node, ready to be sent.
    struct NewQuery {
        var id: QueryID
        var deadline: Instant
        var record: QueryRecord
        var message: [UInt8]
    }

    // MARK: Queries of this node

    /// The time in which gossip reaches every member several times over:
    /// gossip interval x 16 x ceil(log10(n + 1)).
    var defaultQueryTimeout: GoDuration {
        var digits: Int64 = 1
        var reach = 10
        while reach < table.aliveCount + 1 {
            reach *= 10
            digits += 1
        }
        return options.memberlist.gossipInterval * 16 * digits
    }

    /// Opens a query. `launch` sends it.
    mutating func open(
        _ request: QueryRequest, purpose: OpenQueries.Purpose = .request, now: Instant
    ) throws(SerfError) -> NewQuery {
        guard openQueries.count < Limits.openQueriesMax, openQueries[queryClock.time] == nil else {
            throw .tooManyQueries
        }
        let timeout = request.timeout > .zero ? request.timeout : defaultQueryTimeout
        let number = UInt32.random(in: 0...UInt32(Int32.max), using: &random)
        let id = QueryID(lTime: queryClock.time, id: number)
        var record = QueryRecord()
        record.lTime = id.lTime
        record.id = UInt64(id.id)
        record.address = Bytes(address.bytes)
        record.port = UInt64(address.port)
        record.sourceNode = name
        record.filters = QueryFilter.encode(request)
        record.flags = request.wantsAcks ? QueryRecord.wantsAcks : 0
        record.relayFactor = UInt64(request.relayFactor)
        record.timeout = timeout
        record.name = request.name
        record.payload = Bytes(request.payload)
        let message = SerfMessageType.query.encode(record)
        guard message.count <= options.queryBytesMax else {
            throw .queryTooLong(limit: options.queryBytesMax)
        }
        let deadline = now + timeout
        openQueries.insert(
            OpenQueries.Query(
                id: id, deadline: deadline, wantsAcks: request.wantsAcks, purpose: purpose))
        return NewQuery(id: id, deadline: deadline, record: record, message: message)
    }

    /// Handles a query of this node here, and gossips it.
    mutating func launch(_ query: NewQuery, now: Instant) {
        _ = apply(query.record, now: now)
        gossip(query.message, on: .queries)
    }

    /// Counts an ack or a response of a query of this node.
    mutating func receive(_ response: QueryResponseRecord, now: Instant) {
        guard let query = openQueries[response.lTime] else {
            return note(
                .warning, "serf.query.stray",
                "reply for non-running query (LTime: \(response.lTime), ID: \(response.id)) "
                    + "From: \(response.from)")
        }
        guard UInt64(query.id.id) == response.id else {
            return note(
                .warning, "serf.query.stray",
                "query reply ID mismatch (Local: \(query.id.id), Response: \(response.id))")
        }
        guard now < query.deadline, !response.from.isEmpty,
            response.from.utf8.count <= Limits.nameBytesMax
        else { return }
        let isAck = response.flags & QueryResponseRecord.isAck != 0
        if isAck, !query.wantsAcks { return }
        guard
            openQueries.record(
                response.from, isAck: isAck, at: response.lTime, countMax: table.count)
        else { return }
        if query.purpose != .request {
            if !isAck { countVote(response.payload.array, at: response.lTime) }
        } else if isAck {
            directives.append(.query(query.id, .ack(from: response.from)))
        } else {
            directives.append(
                .query(
                    query.id, .response(from: response.from, payload: response.payload.array)))
        }
    }

    /// Ends the queries whose time is over.
    mutating func endQueries(now: Instant) {
        for query in openQueries.takeEnded(now: now) { end(query) }
    }

    mutating func end(_ query: OpenQueries.Query) {
        switch query.purpose {
        case .request: directives.append(.query(query.id, .ended))
        case .nameVote(let answers, let matching): endVote(answers: answers, matching: matching)
        }
    }

    // MARK: Received queries

    /// Acknowledges and delivers a query that passes its filters, unless it is old or was seen.
    ///
    /// - Returns: whether it is new, and is to be gossiped on.
    mutating func apply(_ query: QueryRecord, now: Instant) -> Bool {
        guard queryClock.admits(query.lTime), let id = query.queryID,
            query.sourceNode.utf8.count <= Limits.nameBytesMax
        else {
            note(.warning, "serf.query.rejected", "Rejecting a query of time \(query.lTime)")
            return false
        }
        queryClock.witness(query.lTime)
        guard query.lTime >= queryTimeMin else { return false }
        guard !isOld(query.lTime, queryClock) else {
            note(
                .warning, "serf.query.old",
                "received old query \(query.name) from time \(query.lTime) "
                    + "(current: \(queryClock.time))")
            return false
        }
        switch queryRing.insert(id) {
        case .added: break
        case .repeated: return false
        case .full:
            note(.warning, "serf.query.rejected", "Rejecting a query: too many are recent")
            return false
        }
        if query.lTime > recordedTimes.queryClock {
            recordedTimes.queryClock = query.lTime
            record(.queryClock(query.lTime))
        }
        if passes(query.filters) { deliver(query, id, now: now) }
        return query.flags & QueryRecord.isNotGossiped == 0
    }

    private mutating func passes(_ filters: [Bytes]) -> Bool {
        for bytes in filters {
            guard let filter = QueryFilter(encoded: bytes.array) else {
                note(.warning, "serf.query.filter", "query has unrecognized filter")
                return false
            }
            guard filter.admits(name: name, tags: tags, matches: options.matches) else {
                return false
            }
        }
        return true
    }

    private mutating func deliver(_ query: QueryRecord, _ id: QueryID, now: Instant) {
        guard let source = query.source else {
            return note(.warning, "serf.query.rejected", "Ignoring a query without an address")
        }
        let timeout = min(query.timeout, Limits.queryTimeoutMax)
        let received = ReceivedQueries.Query(
            source: source, sourceNode: query.sourceNode,
            relayFactor: Int(min(query.relayFactor, UInt64(UInt8.max))), deadline: now + timeout)
        if query.flags & QueryRecord.wantsAcks != 0 {
            let ack = QueryResponseRecord(to: id, from: name, flags: QueryResponseRecord.isAck)
            send(SerfMessageType.queryResponse.encode(ack), for: received, now: now)
        }
        guard receivedQueries.insert(received, id: id, now: now) else {
            return note(.warning, "serf.query.rejected", "Ignoring a query: too many are open")
        }
        if query.name.hasPrefix(InternalQuery.prefix) {
            answerInternal(query.name, id, payload: query.payload.array, now: now)
        } else {
            directives.append(
                .event(
                    .query(
                        ReceivedQuery(
                            id: id, name: query.name, payload: query.payload.array,
                            sourceNode: query.sourceNode, deadline: received.deadline))))
        }
    }

    /// Sends this node's answer to a received query.
    mutating func answer(_ id: QueryID, payload: [UInt8], now: Instant) throws(SerfError) {
        guard let query = receivedQueries[id] else { throw .unknownQuery }
        let message = SerfMessageType.queryResponse.encode(
            QueryResponseRecord(to: id, from: name, payload: payload))
        guard message.count <= options.queryResponseBytesMax else {
            throw .responseTooLong(limit: options.queryResponseBytesMax)
        }
        guard !query.isAnswered else { throw .alreadyAnswered }
        guard now <= query.deadline else { throw .queryExpired }
        receivedQueries.setAnswered(id)
        send(message, for: query, now: now)
    }
}
