package import ConsulModel
package import Primitives
import Synchronization
import Wire

/// The services and checks of this node, from every source. The agent is the authority for its own
/// node; `AntiEntropy` carries this state into the catalog.
///
/// Callable from any thread; no method blocks for long. Observers are notified after each change,
/// outside the lock.
package final class LocalState: Sendable {
    package enum Change: Hashable, Sendable {
        case service(String)
        case check(String)
    }

    struct Contents {
        var services: [String: LocalService] = [:]
        var checks: [String: LocalCheck] = [:]
        /// Services removed here and perhaps still in the catalog.
        var removedServices: Set<String> = []
        var removedChecks: Set<String> = []
        var observers: [UInt64: @Sendable (Change) -> Void] = [:]
        var nextObserver: UInt64 = 0
    }

    private let contents = Mutex(Contents())
    package let nodeName: String
    private let now: @Sendable () -> Instant
    private let wallText: @Sendable () -> String

    package init(
        nodeName: String, now: @escaping @Sendable () -> Instant,
        wallText: @escaping @Sendable () -> String
    ) {
        self.nodeName = nodeName
        self.now = now
        self.wallText = wallText
    }

    // MARK: Reading

    package var services: [String: LocalService] { contents.withLock { $0.services } }
    package var checks: [String: LocalCheck] { contents.withLock { $0.checks } }
    package func service(_ id: String) -> LocalService? { contents.withLock { $0.services[id] } }
    package func check(_ id: String) -> LocalCheck? { contents.withLock { $0.checks[id] } }

    /// True while the catalog lacks a registration, a removal or a status.
    package var isOutOfSync: Bool {
        contents.withLock { contents in
            !contents.removedServices.isEmpty || !contents.removedChecks.isEmpty
                || contents.services.values.contains { !$0.isInSync }
                || contents.checks.values.contains { !$0.isInSync }
        }
    }

    /// The items that the catalog lacks, as `service web` and `check c1`.
    package var unsynced: Set<String> {
        contents.withLock { contents in
            let services = contents.services.filter { !$0.value.isInSync }.keys
            let checks = contents.checks.filter { !$0.value.isInSync }.keys
            let all =
                services.map { "service \($0)" } + checks.map { "check \($0)" }
                + contents.removedServices.map { "service \($0)" }
                + contents.removedChecks.map { "check \($0)" }
            return Set(all)
        }
    }

    package var removed: (services: Set<String>, checks: Set<String>) {
        contents.withLock { ($0.removedServices, $0.removedChecks) }
    }

    /// Returns the checks that affect a service: its own and the node's. Returns nil when there is
    /// no such service, and the node's alone for an empty ID.
    package func checks(ofService id: String) -> [HealthCheck]? {
        contents.withLock { contents in
            guard id.isEmpty || contents.services[id] != nil else { return nil }
            return contents.checks.values.map { $0.check }
                .filter { $0.serviceID.isEmpty || (!id.isEmpty && $0.serviceID == id) }
                .sorted { $0.checkID < $1.checkID }
        }
    }

    /// Returns the checks of a service for the alias check `checkID`. A check that follows the
    /// alias in turn is replaced by the checks that it follows, so that a cycle of aliases is as
    /// healthy as its other checks; otherwise all of them would stay critical for ever.
    package func checks(ofService id: String, followedBy checkID: String) -> [HealthCheck]? {
        guard let checks = checks(ofService: id) else { return nil }
        let graph = contents.withLock { AliasGraph($0.checks, nodeName: nodeName) }
        guard graph.hasAliases(besides: checkID) else { return checks }
        return graph.expanded(checks, for: checkID) { self.checks(ofService: $0) ?? [] }
    }

    // MARK: Observing

    /// Calls `notify` after every change until `stopObserving`. The call runs on the changing
    /// thread and must be quick.
    package func observe(_ notify: @escaping @Sendable (Change) -> Void) -> UInt64 {
        contents.withLock { contents in
            contents.nextObserver += 1
            contents.observers[contents.nextObserver] = notify
            return contents.nextObserver
        }
    }

    package func stopObserving(_ observer: UInt64) {
        contents.withLock { _ = $0.observers.removeValue(forKey: observer) }
    }

    /// Changes the contents, then notifies the observers of the changes that the body returned.
    private func change(_ body: (inout Contents) -> [Change]) {
        let (changes, observers) = contents.withLock { contents in
            let changes = body(&contents)
            return (changes, changes.isEmpty ? [] : Array(contents.observers.values))
        }
        for change in changes { for notify in observers { notify(change) } }
    }

    // MARK: Services

    package func addService(
        _ definition: ServiceDefinition, service: NodeService, source: RegistrationSource
    ) {
        change { contents in
            let existing = contents.services[service.id]
            let isSame = existing?.service.isSame(as: service) ?? false
            contents.services[service.id] = LocalService(
                definition: definition, service: service, source: source,
                isInSync: isSame && existing!.isInSync)
            contents.removedServices.remove(service.id)
            return isSame ? [] : [.service(service.id)]
        }
    }

    /// Removes the service; the caller removes its checks.
    /// - Returns: false when there was none.
    @discardableResult
    package func removeService(_ id: String) -> Bool {
        var existed = false
        change { contents in
            existed = contents.services.removeValue(forKey: id) != nil
            guard existed else { return [] }
            contents.removedServices.insert(id)
            return [.service(id)]
        }
        return existed
    }

    // MARK: Checks

    package func addCheck(
        _ definition: CheckDefinition, check: HealthCheck, source: RegistrationSource
    ) {
        change { contents in
            var local = LocalCheck(definition: definition, check: check, source: source)
            if let existing = contents.checks[check.checkID] {
                local.history = existing.history
                local.isInSync = existing.isInSync && existing.check.isSame(as: check)
                local.syncedOutput = existing.syncedOutput
            }
            if check.status == CheckStatus.critical.rawValue {
                local.criticalSince = contents.checks[check.checkID]?.criticalSince ?? now()
            }
            contents.checks[check.checkID] = local
            contents.removedChecks.remove(check.checkID)
            return [.check(check.checkID)]
        }
    }

    @discardableResult
    package func removeCheck(_ id: String) -> Bool {
        var existed = false
        change { contents in
            existed = contents.checks.removeValue(forKey: id) != nil
            guard existed else { return [] }
            contents.removedChecks.insert(id)
            return [.check(id)]
        }
        return existed
    }

    /// Records a result. Does nothing when neither status nor output is new.
    /// - Returns: true when the status changed.
    @discardableResult
    package func updateCheck(_ id: String, status: CheckStatus, output: String) -> Bool {
        var statusChanged = false
        change { contents in
            guard var local = contents.checks[id] else { return [] }
            statusChanged = local.check.status != status.rawValue
            guard statusChanged || local.check.output != output else { return [] }
            if statusChanged {
                recordTransition(&local, to: status, output: output)
                local.isInSync = false
            }
            local.check.status = status.rawValue
            local.check.output = output
            contents.checks[id] = local
            return [.check(id)]
        }
        return statusChanged
    }

    private func recordTransition(
        _ local: inout LocalCheck, to status: CheckStatus, output: String
    ) {
        var transition = CheckTransition()
        transition.time = wallText()
        transition.from = local.check.status
        transition.to = status.rawValue
        transition.output = output
        local.history.append(transition)
        local.history.removeFirst(max(0, local.history.count - Limits.checkHistoryMax))
        local.criticalSince = status == .critical ? now() : nil
    }

    // MARK: Synchronising

    /// Marks an item that the catalog has accepted, unless it has changed since.
    package func markSynced(service: NodeService) {
        contents.withLock { contents in
            guard contents.services[service.id]?.service.isSame(as: service) == true else { return }
            contents.services[service.id]!.isInSync = true
        }
    }

    package func markSynced(check: HealthCheck) {
        contents.withLock { contents in
            guard var local = contents.checks[check.checkID] else { return }
            local.syncedOutput = check.output
            // The output may be newer already; an output change is sent separately.
            var taken = check
            taken.output = local.check.output
            if local.check.isSame(as: taken) { local.isInSync = true }
            contents.checks[check.checkID] = local
        }
    }

    package func markOutOfSync(services: [String], checks: [String]) {
        contents.withLock { contents in
            for id in services { contents.services[id]?.isInSync = false }
            for id in checks { contents.checks[id]?.isInSync = false }
        }
    }

    package func forgetRemoved(service id: String) {
        contents.withLock { _ = $0.removedServices.remove(id) }
    }

    package func forgetRemoved(check id: String) {
        contents.withLock { _ = $0.removedChecks.remove(id) }
    }
}
