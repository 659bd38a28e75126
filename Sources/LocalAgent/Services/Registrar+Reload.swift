package import ConsulModel
import Logging
package import PluginAPI
import Primitives

/// Reload, start and maintenance: many registrations at once.
extension Registrar {
    /// Applies the configuration's services and checks. Unchanged ones are not touched, changed
    /// checks keep their status, and the API's registrations stay unless the configuration now has
    /// the same ID.
    package func apply(
        services: [ServiceDefinition], checks: [CheckDefinition], registry: PluginRegistry,
        policy: Policy
    ) throws(ConsulError) {
        let (oldRegistry, oldPolicy) = (self.registry, self.policy)
        self.registry = registry
        self.policy = policy
        var wantedChecks = Set(checks.map { $0.id.isEmpty ? $0.name : $0.id })
        do throws(ConsulError) {
            for service in services {
                for check in try checkDefinitions(of: service, source: .configuration) {
                    wantedChecks.insert(check.id)
                }
                if !service.commonFaults.isEmpty {
                    wantedChecks.insert(Self.definitionCheckID(service))
                }
            }
            for check in checks { _ = try verdict(on: check, source: .configuration) }
        } catch {
            (self.registry, self.policy) = (oldRegistry, oldPolicy)
            throw error
        }
        let policyChanged = policy != oldPolicy
        let wantedServices = Set(services.map { $0.effectiveID })
        for (id, old) in local.services
        where old.source == .configuration && !wantedServices.contains(id) {
            try deregister(service: id)
        }
        for service in services {
            let current = local.service(service.effectiveID)
            let isSame = current?.definition == service && current?.source == .configuration
            if isSame, !policyChanged { continue }
            files.remove(service.effectiveID, in: .services)
            try register(service, source: .configuration)
        }
        // Includes checks of services, except the API's checks of a service of the configuration.
        for (id, old) in local.checks
        where old.source == .configuration && !wantedChecks.contains(id) {
            remove(check: id)
        }
        try apply(checks: checks, policyChanged: policyChanged)
    }

    private func apply(checks: [CheckDefinition], policyChanged: Bool) throws(ConsulError) {
        for check in checks {
            var wanted = check
            if wanted.id.isEmpty { wanted.id = wanted.name }
            let current = local.check(wanted.id)
            let isSame = current?.definition == wanted && current?.source == .configuration
            if isSame, !policyChanged { continue }
            files.remove(wanted.id, in: .checks)
            try register(wanted, source: .configuration)
        }
    }

    /// Restores the API's registrations after a restart, except those whose ID the configuration
    /// has.
    package func restore() {
        let broken = { [logger] (reason: String) in
            logger.error("cannot read a persisted registration", metadata: ["error": "\(reason)"])
        }
        let services = files.loadAll(PersistedService.self, in: .services, broken: broken) {
            $0.service.name.isEmpty ? "Service name missing" : nil
        }
        for persisted in services
        where local.service(persisted.service.effectiveID) == nil {
            tryRestoring("service", persisted.service.effectiveID) { () throws(ConsulError) in
                try register(persisted.service, source: .api, persists: false)
            }
        }
        let checks = files.loadAll(PersistedCheck.self, in: .checks, broken: broken) {
            $0.definition.id.isEmpty && $0.check.checkID.isEmpty ? "CheckID missing" : nil
        }
        for persisted in checks
        where local.check(persisted.definition.id) == nil {
            // Consul starts them critical: their status during the stop is unknown.
            tryRestoring("check", persisted.definition.id) { () throws(ConsulError) in
                if let reason = Maintenance.reason(of: persisted.check) {
                    restoreMaintenance(persisted.check, reason: reason)
                } else {
                    try register(persisted.definition, source: .api, persists: false)
                }
            }
        }
    }

    private func tryRestoring(
        _ what: String, _ id: String, _ body: () throws(ConsulError) -> Void
    ) {
        do throws(ConsulError) {
            try body()
        } catch {
            logger.error(
                "cannot restore a persisted registration",
                metadata: ["\(what)": "\(id)", "error": "\(error)"])
        }
    }

    // MARK: Maintenance

    /// Adds or removes the critical check that takes a service, or with an empty ID the node, out
    /// of use. Persists it across restarts.
    package func setMaintenance(_ enabled: Bool, service id: String, reason: String)
        throws(ConsulError)
    {
        guard id.isEmpty || local.service(id) != nil else {
            throw LocalAgentError.unknownService(id)
        }
        let checkID = Maintenance.checkID(service: id)
        guard enabled else {
            if local.check(checkID) != nil { remove(check: checkID) }
            return
        }
        guard local.check(checkID) == nil else { return }
        let check = Maintenance.check(
            on: local.nodeName, service: local.service(id)?.service, reason: reason)
        var persisted = PersistedCheck()
        persisted.check = check
        persisted.definition.id = checkID
        try files.save(persisted, checkID, in: .checks)
        restoreMaintenance(check, reason: reason)
        logger.info("entered maintenance mode", metadata: ["check": "\(checkID)"])
    }

    private func restoreMaintenance(_ check: HealthCheck, reason: String) {
        var definition = CheckDefinition()
        definition.id = check.checkID
        definition.name = check.name
        definition.serviceID = check.serviceID
        local.addCheck(definition, check: check, source: .api)
    }

    // MARK: Reaping

    /// Deregisters services whose check has been critical for longer than its definition allows.
    package func reap() {
        let now = capabilities.clock.now()
        for (id, check) in local.checks {
            let limit = check.definition.deregisterCriticalServiceAfter
            guard limit > .zero, !check.check.serviceID.isEmpty, let since = check.criticalSince,
                since + max(limit, Limits.deregisterAfterMin) <= now
            else { continue }
            do throws(ConsulError) {
                try deregister(service: check.check.serviceID)
                logger.info(
                    "Check has been critical for too long; deregistered its service",
                    metadata: ["check": "\(id)", "service": "\(check.check.serviceID)"])
            } catch {
                logger.debug("already deregistered", metadata: ["check": "\(id)"])
            }
        }
    }

    /// Reaps until the task is cancelled.
    package func runReaper() async {
        while await capabilities.clock.sleep(until: capabilities.clock.now() + Limits.reapInterval)
        {
            reap()
        }
    }
}
