package import Logging
package import NIOCore
internal import Platform
package import Primitives
package import Raft
internal import Synchronization
internal import Telemetry

/// The shell of `RaftCore`: receives events, steps the core, carries out its directives in order.
/// It has no rule of its own.
///
/// One thread at a time drives it. With a store in memory, a caller whose input finds no driver
/// drives the node, and also carries out the input that others enqueue meanwhile. With a disk the
/// node has a thread of its own, which may wait for the disk: input that arrives during a sync
/// shares the next one.
package final class RaftNode: Sendable {
    package struct Setup: Sendable {
        package var id: ServerID
        /// `ip:port` for other servers.
        package var address: String
        package var options = RaftOptions()
        package var seed: UInt64
        /// True when the caller's thread may do the writing: a store in memory.
        package var drivesOnCallers: Bool
        package var metrics: RaftMetrics

        package init(
            id: ServerID, address: String, options: RaftOptions = RaftOptions(), seed: UInt64,
            drivesOnCallers: Bool, metrics: RaftMetrics = RaftMetrics()
        ) {
            self.id = id
            self.address = address
            self.options = options
            self.seed = seed
            self.drivesOnCallers = drivesOnCallers
            self.metrics = metrics
        }
    }

    /// The content of one log entry to propose.
    package struct Write: Sendable {
        package var data: [UInt8]
        package var extensions: [UInt8]
        package var kind: Proposal.Kind

        package init(
            _ data: [UInt8], extensions: [UInt8] = [], kind: Proposal.Kind = .command
        ) {
            self.data = data
            self.extensions = extensions
            self.kind = kind
        }
    }

    package typealias Reply = @Sendable (Result<LogIndex, RaftRefusal>) -> Void

    struct Inbox {
        /// Empties the lists after a round, and keeps their capacity.
        mutating func empty() {
            inputs.makeEmpty()
            proposals.makeEmpty()
            replies.makeEmpty()
            contents.makeEmpty()
        }

        var inputs: [Input] = []
        var proposals: [Proposal] = []
        var replies: [AwaitedReply] = []
        var contents: [(ticket: Ticket, contents: RaftNode.Contents)] = []
        var nextTicket: Ticket = 1
        var isDriving = false
        var isStopped = false
    }

    let inbox = Mutex(Inbox())
    let published = Mutex(RaftStatus())
    /// Only for the driving thread.
    let driver: RaftDriver
    private let loop: any EventLoop
    private let drivesOnCallers: Bool
    private let barriers: Counter

    /// Creates a node.
    ///
    /// - Parameters:
    ///   - loop: for timers, and for driving unless callers may: then it waits for the disk, and
    ///     must be the node's own.
    ///   - background: for writing snapshots; the node's own too.
    ///   - stored: the contents of the disk; `machine` is restored from its snapshot.
    package init(
        _ setup: Setup, stored: StoredState, log: any LogStore, snapshots: SnapshotKeeper,
        machine: any StateMachine, transport: any RaftTransport, loop: any EventLoop,
        background: any EventLoop,
        clock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        self.loop = loop
        drivesOnCallers = setup.drivesOnCallers
        barriers = setup.metrics.barriers
        driver = RaftDriver(
            setup, stored: stored, log: log, snapshots: snapshots, machine: machine,
            transport: transport, loop: loop, background: background, clock: clock,
            logger: logger)
    }

    package var status: RaftStatus { published.withLock { $0 } }

    /// Sets the function that is called with every change of role or leader, on the driving thread;
    /// it must not block.
    package func onRoleChange(_ body: @escaping @Sendable (RaftStatus) -> Void) {
        driver.onRoleChange.withLock { $0 = body }
    }

    /// Sets the function that is called once, should the node have to stop permanently.
    package func onStop(_ body: @escaping @Sendable (String) -> Void) {
        driver.onStop.withLock { $0 = body }
    }

    /// Starts the node with the core's first step.
    package func start() { receive(.tick) }

    // MARK: Requests

    /// Proposes commands, which are committed in order and in one term, and carried out.
    ///
    /// - Parameters:
    ///   - context: accompanies the last of them to the state machine. It is released with the
    ///     answer.
    ///   - reply: receives the index of the last one after the state machine applied it, or the
    ///     reason of a failure. Called on any thread, perhaps before this returns.
    package func propose(
        _ writes: [Write], context: (any ProposalContext)? = nil, reply: @escaping Reply
    ) {
        let refusal = inbox.withLock { inbox -> RaftRefusal? in
            if inbox.isStopped { return .shuttingDown }
            guard inbox.proposals.count + writes.count <= Limits.proposalsWaitingMax else {
                return .tooMany
            }
            for (slot, write) in writes.enumerated() {
                let ticket = inbox.nextTicket
                inbox.nextTicket += 1
                inbox.proposals.append(
                    Proposal(
                        ticket: ticket, kind: write.kind, data: write.data,
                        extensions: write.extensions))
                // The earlier chunks are answered with the last one: all of them are in one term.
                if slot == writes.count - 1 {
                    inbox.replies.append(
                        AwaitedReply(ticket: ticket, context: context, reply: reply))
                }
            }
            return nil
        }
        if let refusal { return reply(.failure(refusal)) }
        wakeDriver()
    }

    /// Waits until all entries committed now have been applied.
    package func barrier(reply: @escaping Reply) {
        barriers.increment()
        propose([Write([], kind: .barrier)], reply: reply)
    }

    /// Requests a read of the state: `reply` receives the index that the state has reached.
    package func read(_ mode: ReadMode, reply: @escaping Reply) {
        request(reply) { .read($0, mode) }
    }

    package func change(
        _ change: ConfigurationChange, previousIndex: LogIndex? = nil, reply: @escaping Reply
    ) {
        request(reply) { .changeConfiguration(change, $0, previousIndex: previousIndex) }
    }

    package func transferLeadership(to id: ServerID? = nil, reply: @escaping Reply) {
        request(reply) { .transferLeadership(to: id, $0) }
    }

    /// Bootstraps a group. Refused where the group exists.
    package func bootstrap(_ configuration: Configuration, reply: @escaping Reply) {
        request(reply) { .bootstrap(configuration, $0) }
    }

    /// A function that returns the state to be written down, given its last index.
    package typealias Contents = @Sendable (LogIndex) -> any StateImage

    /// Replaces the whole state by one from outside, whose newest entry is `index`.
    ///
    /// - Parameter reply: receives an index after it, once this server holds it.
    package func restore(
        beyond index: LogIndex, _ contents: @escaping Contents, reply: @escaping Reply
    ) {
        request { [weak self] result in
            guard let self, case .success = result else { return reply(result) }
            // An entry after the snapshot, which shows the others that they lack the snapshot.
            barrier(reply: reply)
        } _: { inbox, ticket in
            inbox.contents.append((ticket, contents))
            return .restore(ticket, beyond: index)
        }
    }

    private func request(_ reply: @escaping Reply, _ input: (Ticket) -> Input) {
        request(reply) { _, ticket in input(ticket) }
    }

    private func request(
        _ reply: @escaping Reply, _ input: (inout Inbox, Ticket) -> Input
    ) {
        let refusal = inbox.withLock { inbox -> RaftRefusal? in
            if inbox.isStopped { return .shuttingDown }
            guard inbox.inputs.count < Limits.inputsWaitingMax else { return .tooMany }
            let ticket = inbox.nextTicket
            inbox.nextTicket += 1
            inbox.replies.append(AwaitedReply(ticket: ticket, reply: reply))
            let wanted = input(&inbox, ticket)
            inbox.inputs.append(wanted)
            return nil
        }
        if let refusal { return reply(.failure(refusal)) }
        wakeDriver()
    }

    /// Enqueues an event: a message from the transport, or the end of background work. A request
    /// that arrives while too many wait is dropped, as a network may do; its sender retries.
    package func receive(_ input: Input) {
        inbox.withLock { inbox in
            if inbox.isStopped { return }
            if case .request = input, inbox.inputs.count >= Limits.inputsWaitingMax { return }
            inbox.inputs.append(input)
        }
        wakeDriver()
    }

    // MARK: Driving

    private func wakeDriver() {
        let mustDrive = inbox.withLock { inbox in
            defer { inbox.isDriving = true }
            return !inbox.isDriving
        }
        guard mustDrive else { return }
        if drivesOnCallers {
            driver.drive(self)
        } else {
            loop.execute { self.driver.drive(self) }
        }
    }

    /// Stops the node; pending requests are refused. Everything that was answered is on the disk
    /// already.
    package func stop() async {
        inbox.withLock { $0.isStopped = true }
        let ended = loop.makePromise(of: Void.self)
        loop.execute { self.endWhenIdle(ended) }
        try? await ended.futureResult.get()
    }

    private func endWhenIdle(_ ended: EventLoopPromise<Void>) {
        let mayEnd = inbox.withLock { inbox in
            if inbox.isDriving { return false }
            inbox.isDriving = true  // permanently
            return true
        }
        if mayEnd {
            driver.end(self)
            ended.succeed()
        } else {
            loop.scheduleTask(in: .milliseconds(1)) { self.endWhenIdle(ended) }
        }
    }
}
