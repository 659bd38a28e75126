package import ConsulModel
package import Logging
package import PluginAPI
package import Primitives
import Synchronization

/// Synchronises the catalog's entries of this node with the agent's state. The agent is the
/// authority: missing or different entries are registered, foreign ones are deregistered.
///
/// Sends changes at once; compares everything about every minute, and sooner after a failure.
package final class AntiEntropy: Sendable {
    private let local: LocalState
    private let backend: any Backend
    private let clock: any WaitingClock
    private let logger: Logger
    private let node: @Sendable () -> Node
    /// The least time between two updates of a check whose output alone changes.
    private let checkUpdateInterval: GoDuration

    private struct State {
        var wakeUp: CheckedContinuation<Void, Never>?
        var isChangeDue = false
        var isComparisonDue = false
        var pauses = 0
        var outputSentAt: [String: Instant] = [:]
        /// Callers of `settle`, each an open request. A pass serves the callers that were waiting
        /// at its start.
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
        var hasFailed = false
        var isOver = false
    }
    private struct Waiter {
        let continuation: CheckedContinuation<Void, Never>
        let timer: Task<Void, Never>
    }
    private let state = Mutex(State())

    package init(
        local: LocalState, backend: any Backend, clock: any WaitingClock, logger: Logger,
        checkUpdateInterval: GoDuration, node: @escaping @Sendable () -> Node
    ) {
        self.local = local
        self.backend = backend
        self.clock = clock
        self.logger = logger
        self.checkUpdateInterval = checkUpdateInterval
        self.node = node
    }

    /// Synchronises until the task is cancelled.
    package func run() async {
        let observer = local.observe { [self] _ in changed() }
        defer {
            local.stopObserving(observer)
            state.withLock { $0.isOver = true }
            release(state.withLock { Array($0.waiters.keys) })
        }
        var fullSyncAt = clock.now()
        // Items that the last pass failed to send. They wait for the retry, whatever else changes.
        var stuck: Set<String> = []
        while !Task.isCancelled {
            if isPaused {
                await waitForChange(until: clock.now() + .seconds(1))
                continue
            }
            let served = state.withLock { Array($0.waiters.keys) }
            let isFull = fullSyncAt <= clock.now() || takeComparisonDue()
            let pending = stuck.isEmpty ? [] : local.unsynced
            if !isFull, served.isEmpty, !stuck.isEmpty, pending.isSubset(of: stuck) {
                await waitForChange(until: fullSyncAt)
                continue
            }
            var refused: Set<String> = []
            do throws(ConsulError) {
                if isFull { try await compare(&refused) }
                try await syncChanges(&refused)
            } catch {
                if Task.isCancelled { return }
                logger.error("failed to sync remote state", metadata: ["error": "\(error)"])
                refused = local.unsynced.union([""])
            }
            stuck = refused
            let hasFailed = !refused.isEmpty
            state.withLock { $0.hasFailed = hasFailed }
            let interval = hasFailed ? Limits.syncRetryInterval : Limits.fullSyncInterval
            let next = clock.now() + interval
            fullSyncAt = isFull ? next : min(fullSyncAt, next)
            release(served)
            // An output that cannot be sent stays due: only a change triggers a pass before the
            // retry.
            let due = hasFailed ? nil : nextOutputDue
            await waitForChange(until: due.map { min($0, fullSyncAt) } ?? fullSyncAt)
        }
    }

    /// Suspends synchronising while many things change at once, as on a reload. Calls nest.
    package func pause() { state.withLock { $0.pauses += 1 } }

    package func resume() {
        state.withLock { state in
            state.pauses -= 1
            // A reload may have repaired the items that the servers refused.
            if state.hasFailed { state.isComparisonDue = true }
        }
        changed()
    }

    private var isPaused: Bool { state.withLock { $0.pauses > 0 } }

    /// Wakes the synchronising loop after a change.
    package func changed() {
        let waiting = state.withLock { state in
            defer { state.wakeUp = nil }
            if state.wakeUp == nil { state.isChangeDue = true }
            return state.wakeUp
        }
        waiting?.resume()
    }

    /// Requests a full comparison before the minute is over, because the node itself has changed.
    package func compareSoon() {
        state.withLock { $0.isComparisonDue = true }
        changed()
    }

    // MARK: Waiting for the catalog

    /// Waits until the catalog equals the agent's state, which Consul's API guarantees when it
    /// answers. Returns earlier when the servers refuse or do not answer in time: changes are
    /// synchronised later.
    package func settle() async {
        guard local.isOutOfSync else { return }
        let (id, hasFailed) = state.withLock { state in
            state.nextWaiter += 1
            return (state.nextWaiter, state.hasFailed)
        }
        let deadline =
            clock.now() + (hasFailed ? Limits.settleAfterFailureMax : Limits.settleMax)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isOver { return true }
                    let timer = Task {
                        if await clock.sleep(until: deadline) { release([id]) }
                    }
                    state.waiters[id] = Waiter(continuation: continuation, timer: timer)
                    return false
                }
                if isOver { continuation.resume() }
                changed()
                if Task.isCancelled { release([id]) }
            }
        } onCancel: {
            release([id])
        }
    }

    /// The number of callers waiting in `settle`.
    package var waiterCount: Int { state.withLock { $0.waiters.count } }

    private func release(_ ids: [UInt64]) {
        guard !ids.isEmpty else { return }
        let waiters = state.withLock { state in
            ids.compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in waiters {
            waiter.timer.cancel()
            waiter.continuation.resume()
        }
    }

    private func takeComparisonDue() -> Bool {
        state.withLock { state in
            defer { state.isComparisonDue = false }
            return state.isComparisonDue
        }
    }

    private func waitForChange(until deadline: Instant) async {
        let sleeping = Task {
            if await clock.sleep(until: deadline) { changed() }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.isChangeDue {
                        state.isChangeDue = false
                        return true
                    }
                    state.wakeUp = continuation
                    return false
                }
                if isDue || Task.isCancelled { changed(continuation, isDue: isDue) }
            }
        } onCancel: {
            changed()
        }
        sleeping.cancel()
    }

    private func changed(_ continuation: CheckedContinuation<Void, Never>, isDue: Bool) {
        if isDue { continuation.resume() } else { changed() }
    }

    // MARK: Comparing

    /// Reads the catalog's entries of this node and marks the differences.
    private func compare(_ refused: inout Set<String>) async throws(ConsulError) {
        let nodeName = local.nodeName
        let request = NodeSpecificRequest(nodeName)
        let remote = try await backend.call(.catalogNodeServiceList, request).value
        let remoteChecks = try await backend.call(.healthNodeChecks, request).value
        if !isSameNode(remote.node) { try await registerNode() }

        let services = local.services
        var staleServices = Set(services.keys)
        for service in remote.services ?? [] {
            if let mine = services[service.id] {
                if isSame(mine.service, remote: service) { staleServices.remove(service.id) }
            } else if service.id != "consul" {
                try await deregister(service: service.id, &refused)
            }
        }
        let checks = local.checks
        var staleChecks = Set(checks.keys)
        for check in remoteChecks {
            if let mine = checks[check.checkID] {
                if isSame(mine.check, remote: check) { staleChecks.remove(check.checkID) }
            } else if check.checkID != "serfHealth" {
                try await deregister(check: check.checkID, &refused)
            }
        }
        local.markOutOfSync(services: Array(staleServices), checks: Array(staleChecks))
    }

    private func isSameNode(_ remote: Node?) -> Bool {
        guard var remote else { return false }
        let mine = node()
        remote.raftIndex = mine.raftIndex
        remote.datacenter = mine.datacenter
        return remote == mine
    }

    /// With `enable_tag_override`, the catalog's tags win.
    private func isSame(_ mine: NodeService, remote: NodeService) -> Bool {
        var remote = remote
        if mine.enableTagOverride { remote.tags = mine.tags }
        return mine.isSame(as: remote)
    }

    /// A difference in the output alone is sent later, at most every `checkUpdateInterval`.
    private func isSame(_ mine: HealthCheck, remote: HealthCheck) -> Bool {
        var mine = mine
        if checkUpdateInterval > .zero, mine.status == remote.status { mine.output = remote.output }
        mine.definition = remote.definition
        return mine.isSame(as: remote)
    }

    // MARK: Sending

    private func registerNode() async throws(ConsulError) {
        _ = try await backend.call(.catalogRegister, request())
        logger.info("Synced node info")
    }

    private func request() -> RegisterRequest {
        let node = node()
        var request = RegisterRequest()
        request.id = node.id
        request.node = node.node
        request.address = node.address
        request.datacenter = node.datacenter
        request.taggedAddresses = node.taggedAddresses
        request.nodeMeta = node.meta
        return request
    }

    /// Sends the items that are marked as changed.
    /// - Parameter refused: receives the items that the servers refuse, as `service web`. They do
    ///   not delay the other items. Checks of a refused service are not sent.
    private func syncChanges(_ refused: inout Set<String>) async throws(ConsulError) {
        let removed = local.removed
        for id in removed.services.sorted() { try await deregister(service: id, &refused) }
        for id in removed.checks.sorted() { try await deregister(check: id, &refused) }
        let services = local.services.values.filter { !$0.isInSync }
        for local in services.sorted(by: { $0.service.id < $1.service.id }) {
            try await register(local.service, &refused)
        }
        let now = clock.now()
        for local in local.checks.values.sorted(by: { $0.check.checkID < $1.check.checkID })
        where !local.isInSync || isOutputDue(local, now: now) {
            if refused.contains("service \(local.check.serviceID)") {
                refused.insert("check \(local.check.checkID)")
                continue
            }
            try await register(local.check, now, &refused)
        }
    }

    private func register(
        _ service: NodeService, _ refused: inout Set<String>
    ) async throws(ConsulError) {
        var request = request()
        request.skipNodeUpdate = true
        request.service = service
        request.checks = local.checks.values.map { $0.check }
            .filter { $0.serviceID == service.id }.sorted { $0.checkID < $1.checkID }
        guard try await call(.catalogRegister, request, ("service", service.id), &refused)
        else { return }
        local.markSynced(service: service)
        for check in request.checks { local.markSynced(check: check) }
        logger.info("Synced service", metadata: ["service": "\(service.id)"])
    }

    private func register(
        _ check: HealthCheck, _ now: Instant, _ refused: inout Set<String>
    ) async throws(ConsulError) {
        var request = request()
        request.skipNodeUpdate = true
        request.check = check
        if let service = local.service(check.serviceID) { request.service = service.service }
        guard try await call(.catalogRegister, request, ("check", check.checkID), &refused)
        else { return }
        local.markSynced(check: check)
        state.withLock { $0.outputSentAt[check.checkID] = now }
        logger.info("Synced check", metadata: ["check": "\(check.checkID)"])
    }

    private func deregister(
        service id: String, _ refused: inout Set<String>
    ) async throws(ConsulError) {
        var request = DeregisterRequest()
        request.node = local.nodeName
        request.serviceID = id
        guard try await call(.catalogDeregister, request, ("service", id), &refused)
        else { return }
        local.forgetRemoved(service: id)
        logger.info("Deregistered service", metadata: ["service": "\(id)"])
    }

    private func deregister(
        check id: String, _ refused: inout Set<String>
    ) async throws(ConsulError) {
        var request = DeregisterRequest()
        request.node = local.nodeName
        request.checkID = id
        guard try await call(.catalogDeregister, request, ("check", id), &refused)
        else { return }
        local.forgetRemoved(check: id)
        logger.info("Deregistered check", metadata: ["check": "\(id)"])
    }

    /// Sends the change of one item.
    /// - Returns: false when the servers refuse the item, which is logged and noted in `refused`.
    /// - Throws: errors that every other item would meet, too.
    private func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        _ item: (kind: String, id: String), _ refused: inout Set<String>
    ) async throws(ConsulError) -> Bool {
        do throws(ConsulError) {
            _ = try await backend.call(endpoint, request)
            return true
        } catch {
            switch error.kind {
            case .noLeader, .cancelled, .tooManyRequests: throw error
            default: break
            }
            logger.error(
                "failed to sync remote state",
                metadata: ["error": "\(error)", "\(item.kind)": "\(item.id)"])
            refused.insert("\(item.kind) \(item.id)")
            return false
        }
    }

    // MARK: Output-only changes

    /// Returns true when the output differs from the sent one, and that was sent at least
    /// `checkUpdateInterval` ago.
    private func isOutputDue(_ local: LocalCheck, now: Instant) -> Bool {
        guard local.outputIsNew else { return false }
        let sentAt = state.withLock { $0.outputSentAt[local.check.checkID] }
        return sentAt.map { $0 + checkUpdateInterval <= now } ?? true
    }

    private var nextOutputDue: Instant? {
        let waiting = local.checks.values.filter { $0.outputIsNew }.map { $0.check.checkID }
        guard !waiting.isEmpty else { return nil }
        let now = clock.now()
        return state.withLock { state in
            waiting.map { state.outputSentAt[$0].map { $0 + checkUpdateInterval } ?? now }.min()
        }
    }
}
