package import ConsulModel
package import Logging
package import PluginAPI
package import Primitives
import Wire

/// Registers and deregisters services and checks: makes their checks, runs them, persists the API's
/// on disk.
///
/// An actor: registrations are rare and may touch the disk. Results of checks do not pass through
/// it.
package actor Registrar {
    /// The settings for scripts and bounds; they change on reload.
    package struct Policy: Hashable, Sendable {
        package var scriptsFromAPI = false
        package var scriptsFromConfiguration = false
        package var discardsOutput = false
        package var outputMax = 4096
        package init() {}
    }

    /// The capabilities that a check may receive; ConsulAgent fills it.
    package struct Capabilities: Sendable {
        package var processes: any ProcessRunner
        package var http: any HTTPProber
        package var network: any NetworkProber
        package var clock: any WaitingClock
        package var checks: any CheckObserver

        package init(
            processes: any ProcessRunner, http: any HTTPProber, network: any NetworkProber,
            clock: any WaitingClock, checks: any CheckObserver
        ) {
            self.processes = processes
            self.http = http
            self.network = network
            self.clock = clock
            self.checks = checks
        }
    }

    let local: LocalState
    let runners: CheckRunners
    let files: RegistrationFiles
    let capabilities: Capabilities
    let logger: Logger
    let unixSeconds: @Sendable () -> Int
    var policy: Policy
    var registry: PluginRegistry
    var random: SeededRandom

    package init(
        local: LocalState, runners: CheckRunners, files: RegistrationFiles,
        capabilities: Capabilities, registry: PluginRegistry, policy: Policy, logger: Logger,
        random: SeededRandom, unixSeconds: @escaping @Sendable () -> Int
    ) {
        self.local = local
        self.runners = runners
        self.files = files
        self.capabilities = capabilities
        self.registry = registry
        self.policy = policy
        self.logger = logger
        self.random = random
        self.unixSeconds = unixSeconds
    }

    // MARK: Services

    /// - Parameter replacesChecks: remove checks that the definition no longer has
    ///   (`?replace-existing-checks`).
    /// - Parameter persists: false for a registration just read from its file: a full disk must not
    ///   keep it from coming back.
    package func register(
        _ definition: ServiceDefinition, source: RegistrationSource, replacesChecks: Bool = false,
        persists: Bool = true
    ) throws(ConsulError) {
        var definition = definition
        // A check without any field is no check, as in HashiCorp's API.
        if source == .api, definition.check?.isBlank == true { definition.check = nil }
        let service = definition.nodeService.withStandardAddresses
        let checks = try checkDefinitions(of: definition, source: source)
        if source == .api, persists {
            var persisted = PersistedService()
            persisted.token = definition.token
            persisted.service = definition
            try files.save(persisted, service.id, in: .services)
        }
        local.addService(definition, service: service, source: source)
        let wanted = Set(checks.map { $0.id })
        for (id, old) in local.checks where old.check.serviceID == service.id {
            if replacesChecks, !wanted.contains(id) { remove(check: id) }
        }
        for check in checks { try add(check, source: source, persists: false) }
        if source == .configuration {
            addFaultCheck(definition)
        } else if persists {
            logHints(definition.hints, "service", definition.effectiveID)
        }
    }

    /// Returns a service's checks with the IDs and names that Consul assigns.
    func checkDefinitions(of definition: ServiceDefinition, source: RegistrationSource)
        throws(ConsulError) -> [CheckDefinition]
    {
        let id = definition.effectiveID
        let all = definition.allChecks
        var checks: [CheckDefinition] = []
        for (index, check) in all.enumerated() {
            var check = check
            check.serviceID = id
            if check.id.isEmpty {
                check.id = all.count > 1 ? "service:\(id):\(index + 1)" : "service:\(id)"
            }
            if check.name.isEmpty { check.name = "Service '\(definition.name)' check" }
            _ = try verdict(on: check, source: source)
            checks.append(check)
        }
        return checks
    }

    package func deregister(service id: String) throws(ConsulError) {
        guard local.removeService(id) else { throw LocalAgentError.unknownService(id) }
        for (checkID, check) in local.checks where check.check.serviceID == id {
            remove(check: checkID)
        }
        files.remove(id, in: .services)
        logger.info("removed service", metadata: ["service": "\(id)"])
    }

    // MARK: Checks

    package func register(
        _ definition: CheckDefinition, source: RegistrationSource, persists: Bool = true
    ) throws(ConsulError) {
        var definition = definition
        if definition.id.isEmpty { definition.id = definition.name }
        if !definition.serviceID.isEmpty, local.service(definition.serviceID) == nil {
            throw LocalAgentError.serviceMissing(definition.serviceID)
        }
        try add(definition, source: source, persists: persists && source == .api)
    }

    package func deregister(check id: String) throws(ConsulError) {
        guard local.check(id) != nil else { throw LocalAgentError.noSuchCheck(id) }
        remove(check: id)
    }

    /// Checks a definition. Throws for the faults that HashiCorp's agent refuses too.
    func verdict(on definition: CheckDefinition, source: RegistrationSource)
        throws(ConsulError) -> DefinitionVerdict
    {
        let problems = registry.problems(in: definition)
        if let problem = problems.first(where: { $0.effect == .refuses }) {
            throw ConsulError(.badRequest, "Invalid check: \(problem.message)")
        }
        try refuseScripts(definition, source: source)
        if problems.isEmpty { return .sound }
        return DefinitionVerdict(
            isDisabled: problems.contains { $0.effect == .disables },
            reason: "Invalid check: " + problems.map { $0.text }.joined(separator: "; "))
    }

    private func refuseScripts(_ definition: CheckDefinition, source: RegistrationSource)
        throws(ConsulError)
    {
        let needsRight = source == .api ? definition.choosesProgram : !definition.args.isEmpty
        guard needsRight else { return }
        let allowed =
            source == .api ? policy.scriptsFromAPI : policy.scriptsFromConfiguration
        if !allowed {
            throw ConsulError(
                .internal,
                source == .api
                    ? "Scripts are disabled on this agent from remote calls; to enable, configure "
                        + "'enable_script_checks' to true"
                    : "Scripts are disabled on this agent; to enable, configure "
                        + "'enable_script_checks' or 'enable_local_script_checks' to true")
        }
    }

    /// - Parameter persists: false for a check that its service's definition restores.
    private func add(
        _ definition: CheckDefinition, source: RegistrationSource, persists: Bool
    ) throws(ConsulError) {
        let verdict = try verdict(on: definition, source: source)
        let (kind, instance) = try instance(of: definition, isDisabled: verdict.isDisabled)
        var check = newCheck(definition, kind: kind)
        if verdict != .sound {
            check.status = CheckStatus.critical.rawValue
            check.output = verdict.reason
            // The agent's start logs the faults of the configuration, with their file, line and
            // column.
            if source == .api {
                logger.warning(
                    "a check's definition has faults",
                    metadata: ["check": "\(definition.id)", "error": "\(verdict.reason)"])
            }
        }
        if source == .api { logHints(definition.hints, "check", definition.id) }
        if !verdict.isDisabled { restoreHeartbeat(&check, definition) }
        if persists {
            var persisted = PersistedCheck()
            persisted.check = check
            persisted.definition = definition
            try files.save(persisted, definition.id, in: .checks)
        }
        local.addCheck(definition, check: check, source: source)
        let runner = CheckRunner(
            definition, instance: instance, clock: capabilities.clock,
            outputMax: outputMax(definition), logger: logger
        ) { [local, discards = policy.discardsOutput] status, output in
            local.updateCheck(definition.id, status: status, output: discards ? "" : output)
        }
        runners.replace(definition.id, by: runner)
        let interval = max(definition.interval, Limits.checkIntervalMin)
        let stagger =
            definition.staggerMax > .zero ? min(definition.staggerMax, interval) : interval
        runner.start(stagger: random.duration(below: stagger))
    }

    private func instance(of definition: CheckDefinition, isDisabled: Bool) throws(ConsulError)
        -> (kind: String, instance: CheckInstance)
    {
        do {
            let type = try registry.checkType(for: definition)
            if isDisabled { return (type.kind, .pushed(DisabledCheck())) }
            return (type.kind, try type.make(definition, in: context(for: definition)))
        } catch {
            guard isDisabled else { throw ConsulError(.badRequest, "Invalid check: \(error)") }
            let kind = definition.grpc.isEmpty ? definition.type : "grpc"
            return (kind, .pushed(DisabledCheck()))
        }
    }

    /// Adds a critical check for a service of the configuration whose own fields are at fault.
    private func addFaultCheck(_ definition: ServiceDefinition) {
        let faults = definition.commonFaults
        guard !faults.isEmpty, let service = local.service(definition.effectiveID) else { return }
        var faulty = CheckDefinition()
        faulty.id = Self.definitionCheckID(definition)
        faulty.name = "Definition of service '\(definition.name)'"
        faulty.serviceID = service.service.id
        var check = newCheck(faulty, kind: "definition")
        check.status = CheckStatus.critical.rawValue
        check.output = "Invalid service: " + faults.map { $0.text }.joined(separator: "; ")
        local.addCheck(faulty, check: check, source: .configuration)
    }

    /// Logs hints about a registration by the API. The configuration's hints are logged with their
    /// file, line and column elsewhere.
    private func logHints(_ hints: [DefinitionProblem], _ sort: String, _ id: String) {
        for hint in hints { logger.warning("\(hint.message)", metadata: ["\(sort)": "\(id)"]) }
    }

    static func definitionCheckID(_ service: ServiceDefinition) -> String {
        "service:\(service.effectiveID):definition"
    }

    private func newCheck(_ definition: CheckDefinition, kind: String) -> HealthCheck {
        var check = HealthCheck()
        check.node = local.nodeName
        check.checkID = definition.id
        check.name = definition.name.isEmpty ? definition.id : definition.name
        check.status = (CheckStatus(rawValue: definition.status) ?? .critical).rawValue
        check.notes = definition.notes
        check.type = kind
        if let service = local.service(definition.serviceID) {
            check.serviceID = service.service.id
            check.serviceName = service.service.service
            check.serviceTags = service.service.tags
        }
        if let before = local.check(definition.id) {
            check.status = before.check.status
            check.output = before.check.output
        }
        return check
    }

    private func outputMax(_ definition: CheckDefinition) -> Int {
        let own = definition.outputMaxSize > 0 ? definition.outputMaxSize : policy.outputMax
        return max(1, min(own, policy.outputMax))
    }

    private func context(for definition: CheckDefinition) -> CheckContext {
        CheckContext(
            checkID: definition.id, nodeName: local.nodeName, outputMax: outputMax(definition),
            processes: capabilities.processes, http: capabilities.http,
            network: capabilities.network, clock: capabilities.clock, checks: capabilities.checks)
    }

    func remove(check id: String) {
        runners.remove(id)
        local.removeCheck(id)
        files.remove(id, in: .checks)
        files.remove(id, in: .checkStates)
    }

    // MARK: Heartbeats

    private func restoreHeartbeat(_ check: inout HealthCheck, _ definition: CheckDefinition) {
        guard definition.ttl > .zero,
            let saved = files.load(PersistedCheckState.self, check.checkID, in: .checkStates)
        else { return }
        guard saved.checkID == check.checkID, saved.expires > unixSeconds() else {
            files.remove(check.checkID, in: .checkStates)
            return
        }
        check.status = saved.status
        check.output = saved.output
    }

    /// Persists a heartbeat for a restart within its time to live.
    package func keepHeartbeat(_ id: String, _ status: CheckStatus, output: String) {
        guard let ttl = local.check(id)?.definition.ttl, ttl > .zero else { return }
        var state = PersistedCheckState()
        state.checkID = id
        state.status = status.rawValue
        state.output = output
        state.expires = unixSeconds() + Int(ttl.seconds.rounded(.up))
        do throws(ConsulError) {
            try files.save(state, id, in: .checkStates)
        } catch {
            logger.warning(
                "cannot persist the state of a check",
                metadata: ["check": "\(id)", "error": "\(error)"])
        }
    }
}
