internal import Memberlist
internal import Primitives

extension SerfState {
    /// Sends an ack or a response to the asking node, and through as many other members as it
    /// wants: datagrams get lost.
    mutating func send(_ message: [UInt8], for query: ReceivedQueries.Query, now: Instant) {
        send(message, to: query.source, now: now)
        guard query.relayFactor > 0, table.count > query.relayFactor else { return }
        let relayed = RelayHeader.wrap(message, to: query.source, name: query.sourceNode)
        guard relayed.count <= options.queryResponseBytesMax else {
            return note(
                .error, "serf.query.relay",
                "relayed response exceeds limit of \(options.queryResponseBytesMax) bytes")
        }
        for relay in chooseRelays(query.relayFactor, excluding: query.sourceNode) {
            send(relayed, to: relay, now: now)
        }
    }

    /// Chooses up to `count` random members that are alive and can relay.
    private mutating func chooseRelays(
        _ count: Int, excluding source: String
    ) -> [TransportAddress] {
        var chosen: [TransportAddress] = []
        for _ in 0..<min(3 * table.count, Limits.relayTriesMax) where chosen.count < count {
            let name = table.names[Int.random(in: 0..<table.count, using: &random)]
            guard name != self.name, name != source, let member = table[name]?.member,
                member.status == .alive, member.versions.protocolMax >= 5,
                !chosen.contains(member.address)
            else { continue }
            chosen.append(member.address)
        }
        return chosen
    }

    /// Forwards a response for another member. Anything else, and other destinations than members,
    /// are dropped: a pool must not send datagrams at a stranger's wish.
    mutating func relay(_ message: [UInt8], now: Instant) throws {
        let (header, tail) = try RelayHeader.unwrap(message)
        guard tail.first == SerfMessageType.queryResponse.rawValue,
            let destination = header.destination.address,
            isMember(header.destinationName, at: destination)
        else {
            return note(.warning, "serf.relay.rejected", "Rejecting a relay to a stranger")
        }
        note(.debug, "serf.relay", "Relaying response to addr: \(destination)")
        send(Array(tail), to: destination, now: now)
    }

    /// Returns whether a member has this address. The name is empty in relays of old versions.
    private func isMember(_ name: String, at address: TransportAddress) -> Bool {
        if !name.isEmpty { return table[name]?.member.address == address }
        return table.names.contains { table[$0]?.member.address == address }
    }
}
