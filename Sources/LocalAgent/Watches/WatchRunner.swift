package import ConsulModel
package import Logging
package import NIOCore
package import PluginAPI
import Primitives
import Synchronization
package import Telemetry
package import Watch
import Wire

/// Hosts one `WatchPlan` in the agent: sends its queries, runs its handler and keeps its timers.
/// Inputs wait in a `WatchInbox` and are handled one at a time, on the loop of the watches: an
/// answer that arrives on it starts the handler without another thread.
package final class WatchRunner: Sendable {
    /// A runner's dependencies in the agent.
    package struct Dependencies: Sendable {
        package var reader: WatchReader
        package var clock: any WaitingClock
        package var store: any WatchStore
        package var wallText: @Sendable () -> String
        package var logger: Logger
        /// Added to every handler's environment: `CONSUL_NODE`, `CONSUL_DATACENTER`.
        package var environment: [String: String]
        /// For watches with `health_check: true`.
        package var health: WatchHealth?
        /// Receives the reliable events that a handler has completed.
        package var reports: EventReports?
        /// Receives the outputs of handlers that answer questions of the pool.
        package var questions: PoolQuestions?
        /// The loop that steps the plans and starts the handlers. Starting may take a millisecond,
        /// so this loop serves no requests. Each watch keeps one loop. Nil: each step runs in a
        /// task.
        package var loops: (any EventLoopGroup)?
        package var registry: MetricRegistry

        package init(
            reader: WatchReader, clock: any WaitingClock, store: any WatchStore,
            wallText: @escaping @Sendable () -> String, logger: Logger,
            environment: [String: String], health: WatchHealth? = nil,
            reports: EventReports? = nil, questions: PoolQuestions? = nil,
            loops: (any EventLoopGroup)? = nil,
            registry: MetricRegistry = MetricRegistry()
        ) {
            self.reader = reader
            self.clock = clock
            self.store = store
            self.wallText = wallText
            self.logger = logger
            self.environment = environment
            self.health = health
            self.reports = reports
            self.questions = questions
            self.loops = loops
            self.registry = registry
        }
    }

    /// The purpose of a timer. A new timer replaces the one with the same purpose.
    enum TimerPurpose: Hashable {
        /// Repeats a failed query.
        case query(source: Int)
        /// Steps the plan.
        case wake
    }

    struct State {
        var plan: WatchPlan
        var status: WatchStatus
        /// The runner before this one; nil once its last handler has ended.
        var predecessor: WatchRunner?
        var isStopped = false
        /// True once the agent stops: killed runs then count neither as success nor as failure.
        var isEnding = false
        var pending: [Int: any PendingCall] = [:]
        var timers: [TimerPurpose: Task<Void, Never>] = [:]
        var runs: [UInt64: HandlerRun] = [:]
        /// The arrival time of the newest state, from which the lag of a run counts.
        var answeredAt = Instant.zero
    }

    package let definition: WatchDefinition
    let handler: any WatchHandler
    let dependencies: Dependencies
    let loop: (any EventLoop)?
    let metrics: WatchMetrics
    let state: Mutex<State>
    let inbox = Mutex(WatchInbox())

    package init(
        _ definition: WatchDefinition, id: String, handler: any WatchHandler,
        handlerName: String, dependencies: Dependencies
    ) throws(WatchError) {
        self.definition = definition
        self.handler = handler
        self.dependencies = dependencies
        loop = dependencies.loops?.next()
        var status = WatchStatus()
        status.id = id
        status.type = definition.displayType
        status.handler = handlerName
        status.definition = definition
        metrics = WatchMetrics(id, type: status.type, in: dependencies.registry)
        let plan = try WatchPlan(definition)
        state = Mutex(State(plan: plan, status: status))
    }

    package var status: WatchStatus {
        state.withLock { state in
            var status = state.status
            if state.plan.isPaused {
                status.state = "paused"
            } else if !state.runs.isEmpty {
                status.state = "running"
            } else if !status.queryError.isEmpty {
                status.state = "failing"
            }
            return status
        }
    }

    /// Returns the memory for the runner that replaces this one; final once this one is stopped.
    package var memory: WatchMemory { state.withLock { $0.plan.memoryForSuccessor } }

    /// Returns true when an event watch has completed an event.
    func hasHandled(_ event: String) -> Bool { state.withLock { $0.plan.hasHandled(event) } }

    /// Returns true while a run holds a reliable event: after a crash of the agent, the event is
    /// repeated.
    func isBusy(with event: String) -> Bool {
        state.withLock { state in
            state.plan.memory.handledEvents.contains(event) && !state.plan.hasHandled(event)
        }
    }

    package var isRunningHandlers: Bool { state.withLock { !$0.runs.isEmpty } }

    /// Starts the queries; they continue until `stop`.
    /// - Parameters:
    ///   - memory: the states and events that an earlier runner of this watch has handled.
    ///   - predecessor: the runner before, whose handler may still be running.
    package func start(inheriting memory: WatchMemory, after predecessor: WatchRunner? = nil) {
        let first = state.withLock { state in
            state.plan.memory = memory
            state.predecessor = predecessor
            return state.plan.start()
        }
        if definition.healthCheck { dependencies.health?.begin(id) }
        inbox.withLock { $0.isDraining = true }
        onLoop { [self] in
            for directive in first { carryOut(directive) }
            drainInbox()
        }
    }

    /// Cancels the queries. A running handler may finish, as in Consul.
    package func stop() {
        let (pending, timers) = state.withLock { state in
            state.isStopped = true
            defer {
                state.pending = [:]
                state.timers = [:]
            }
            return (Array(state.pending.values), Array(state.timers.values))
        }
        for call in pending { call.cancel() }
        for timer in timers { timer.cancel() }
    }

    /// Kills the running handlers and waits for their ends, at the end of the agent.
    package func killHandlers() async {
        let runs = state.withLock { state in
            state.isEnding = true
            return Array(state.runs.values)
        }
        for run in runs { run.kill() }
        for run in runs { await run.finished() }
    }

    var isStopped: Bool { state.withLock { $0.isStopped } }
    var id: String { state.withLock { $0.status.id } }

    package func pause() { enqueue(.input(.pause)) }
    package func resume() { enqueue(.input(.resume)) }
    package func trigger() { enqueue(.input(.trigger)) }
}
