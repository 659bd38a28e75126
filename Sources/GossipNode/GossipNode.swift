package import Memberlist
package import NIOCore
internal import NIOPosix
internal import Platform
package import Primitives
package import Serf
package import Vivaldi

/// A member of one pool: the shell of `SerfCore` on one UDP socket and one TCP listener.
///
/// All of it runs on one event loop, with no task per packet. Reads of the members take a published
/// copy and may come from any thread.
package final class GossipNode: Sendable {
    private let owner: NIOLoopBound<GossipLoop>
    private let published: PublishedPool
    private let loop: any EventLoop
    /// The port of both sockets.
    package let port: UInt16
    /// The members that were alive when a former process of this node ended; empty after it left,
    /// unless the options say to rejoin.
    package let formerMembers: [TransportAddress]

    /// Binds the sockets, reads the keyring and the snapshot file, and announces the node. It is
    /// the only member until it joins.
    package static func start(
        _ setup: GossipSetup, on loop: any EventLoop
    ) async throws(GossipError) -> GossipNode {
        var setup = setup
        let rejoins = setup.options.rejoinsAfterLeave
        var restored = SnapshotState(rejoinsAfterLeave: rejoins)
        if let path = setup.snapshotPath {
            restored = SnapshotFile.read(
                path, rejoinsAfterLeave: rejoins, logger: setup.logger)
        }
        do throws(SerfError) {
            _ = try Tags.encode(setup.tags)
        } catch {
            throw .refused("\(error)")
        }
        if let path = setup.keyringPath, let keyring = try KeyringFile.read(path) {
            setup.codec.keyring = keyring
        }
        let box = GossipSockets.Owner.makeEmptyBox(valueType: GossipLoop.self, eventLoop: loop)
        let sockets = try await GossipSockets.bind(setup.bind, on: loop, for: box)
        if setup.advertise.port == 0 { setup.advertise.port = sockets.port }
        do {
            return try await loop.submit { [setup, restored] in
                GossipNode(setup, restored, sockets, box, on: loop)
            }.get()
        } catch {
            throw .stopped
        }
    }

    private init(
        _ setup: GossipSetup, _ restored: SnapshotState, _ sockets: GossipSockets,
        _ box: GossipSockets.Owner, on loop: any EventLoop
    ) {
        var core = SerfCore(
            name: setup.name, address: setup.advertise, tags: setup.tags,
            options: setup.options, keyring: setup.codec.keyring, restored: restored,
            random: SeededRandom(seed: setup.seed))
        core.setPacketOverhead(setup.codec.packetOverhead)
        self.loop = loop
        port = sockets.port
        // Empty after a departure, unless the options say to rejoin.
        formerMembers = Array(restored.alive.values)
        published = PublishedPool(core)
        let snapshot = setup.snapshotPath.map {
            SnapshotFile(path: $0, state: restored, on: loop, logger: setup.logger)
        }
        let gossip = GossipLoop(
            setup, core: core, snapshot: snapshot, sockets: sockets, on: loop,
            published: published)
        owner = gossip.bound
        box.value = gossip
        gossip.start()
    }

    // MARK: Reads, from any thread

    /// Every known member, in the order of their names.
    package var members: [SerfMember] { published.current.members }
    /// This node.
    package var localMember: SerfMember { published.current.local }
    /// Counts and clocks for `consul info`, at most a second old.
    package var statistics: SerfStatistics { published.current.statistics }
    /// This node's coordinate, at most a second old.
    package var coordinate: Coordinate { published.current.coordinate }

    // MARK: Requests

    /// Joins through the nodes at these addresses.
    ///
    /// - Parameter ignoresOldEvents: user events from before the join are not delivered.
    /// - Returns: the number of nodes that accepted, and the faults of the others.
    package func join(
        _ addresses: [TransportAddress], ignoresOldEvents: Bool = true
    ) async -> (joined: Int, failures: [String]) {
        let outcome = await request {
            .join(addresses, ignoresOldEvents: ignoresOldEvents, $0)
        }
        switch outcome {
        case .joined(let count, let failures): return (count, failures)
        case .refused(let error): return (0, ["\(error)"])
        case .done, .queryStarted: return (0, [])
        }
    }

    /// Resolves the texts of an operator and joins through all their addresses.
    ///
    /// - Parameter defaultPort: of addresses without one.
    package func join(
        _ texts: [String], defaultPort: Int, ignoresOldEvents: Bool = true
    ) async -> (joined: Int, failures: [String]) {
        var addresses: [TransportAddress] = []
        var failures: [String] = []
        for text in texts {
            do throws(GossipError) {
                addresses += try await JoinTarget.resolve(text, defaultPort: defaultPort)
            } catch {
                failures.append("\(error)")
            }
        }
        guard !addresses.isEmpty else { return (0, failures) }
        let result = await join(addresses, ignoresOldEvents: ignoresOldEvents)
        return (result.joined, failures + result.failures)
    }

    /// Announces the departure, and returns when it has spread or the time for it is over.
    package func leave() async { _ = await request { .leave($0) } }

    /// Moves a failed member to left.
    ///
    /// - Parameter prunes: forgets it too.
    package func forceLeave(_ name: String, prunes: Bool) async throws(SerfError) {
        try check(await request { .forceLeave(name, prunes: prunes, $0) })
    }

    /// Sends a user event to every member, this one included.
    ///
    /// - Parameter answer: receives nil, or why the event is refused; on the node's loop.
    package func fire(
        name: String, payload: [UInt8], coalesces: Bool,
        _ answer: @escaping @Sendable (SerfError?) -> Void
    ) {
        let owner = owner
        loop.execute {
            owner.value.request(
                { .userEvent(name: name, payload: payload, coalesces: coalesces, $0) },
                { answer($0.refusal) })
        }
    }

    /// Asks the members.
    ///
    /// - Parameters:
    ///   - progress: receives the results, `.ended` last; on the node's loop.
    /// - Returns: the query's deadline.
    package func query(
        _ request: QueryRequest, progress: @escaping @Sendable (QueryProgress) -> Void
    ) async throws(SerfError) -> Instant {
        let outcome = await outcome { owner, answer in
            owner.query(request, progress: progress, answer)
        }
        if case .queryStarted(_, let deadline) = outcome { return deadline }
        throw outcome.refusal ?? .hasLeft
    }

    /// Answers a query that came as an event.
    package func respond(to query: QueryID, payload: [UInt8]) async throws(SerfError) {
        try check(await request { .respond(query, payload: payload, $0) })
    }

    /// Changes this node's tags, in the whole pool.
    package func setTags(_ tags: [String: String]) async throws(SerfError) {
        try check(await request { .setTags(tags, $0) })
    }

    /// Closes the sockets without an announcement: the others will see this node fail.
    package func stop() async {
        let owner = owner
        try? await loop.flatSubmit { owner.value.close() }.get()
    }

    // MARK: Hops to the loop

    private func check(_ outcome: SerfOutcome) throws(SerfError) {
        if let refusal = outcome.refusal { throw refusal }
    }

    private func request(
        _ input: @escaping @Sendable (SerfTicket) -> SerfInput
    ) async -> SerfOutcome {
        await outcome { owner, answer in owner.request(input, answer) }
    }

    private func outcome(
        _ start: @escaping @Sendable (GossipLoop, @escaping (SerfOutcome) -> Void) -> Void
    ) async -> SerfOutcome {
        let owner = owner
        return await withCheckedContinuation { continuation in
            loop.execute { start(owner.value) { continuation.resume(returning: $0) } }
        }
    }
}

extension SerfOutcome {
    var refusal: SerfError? {
        if case .refused(let error) = self { return error }
        return nil
    }
}
