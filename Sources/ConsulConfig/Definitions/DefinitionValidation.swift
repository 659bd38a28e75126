import ConsulModel
import Primitives

/// Checks services, checks and watches by this module's own rules and by `DefinitionRules`.
extension Validation {
    mutating func checkDefinitions() {
        checkServices()
        for check in config.checks {
            self.check(check, check.definition, field: "", inService: false)
        }
        checkCheckIDs()
        for index in config.watches.indices {
            toleratedHere = config.watches[index].tolerated
            check(config.watches[index])
            config.watches[index].tolerated = toleratedHere
        }
        checkWatchIDs()
        checkRecords()
    }

    mutating func refuse<D>(
        _ placed: Placed<D>, _ field: String, _ message: String,
        _ effect: DefinitionProblem.Effect = .refuses
    ) {
        let (position, path) = placed.location(of: field)
        guard !placed.isExplained(path) else { return }
        errors.append(ConfigError(position, path: path, message, isTolerated: effect != .refuses))
        if effect != .refuses { toleratedHere.append(DefinitionProblem(path, message, effect)) }
    }

    /// Reports faults that the definition's owner found.
    private mutating func refuse<D>(
        _ placed: Placed<D>, _ faults: [DefinitionProblem], at: (String) -> String = { $0 }
    ) {
        for fault in faults {
            refuse(placed, at(fault.path), fault.message, fault.effect)
        }
    }

    private mutating func warn<D>(_ placed: Placed<D>, _ field: String, _ message: String) {
        let (position, path) = placed.location(of: field)
        guard !placed.isExplained(path) else { return }
        warnings.append(ConfigError(position, path: path, message))
    }

    /// Removes the definitions that a start skips: all but the last with one ID, and records with
    /// faults.
    mutating func dropHeld() {
        config.services = Self.lastOfEach(config.services) { $0.effectiveID }
        config.checks = Self.lastOfEach(config.checks) { $0.effectiveID }
        config.watches = Self.lastOfEach(config.watches) { $0.id }
        config.dnsRecords.removeAll { !$0.tolerated.isEmpty }
    }

    /// All definitions without an ID are kept.
    private static func lastOfEach<D>(
        _ placed: [Placed<D>], _ id: (D) -> String
    ) -> [Placed<D>] {
        var taken: Set<String> = []
        return placed.reversed().filter { one in
            let id = id(one.definition)
            return id.isEmpty || taken.insert(id).inserted
        }.reversed()
    }

    // MARK: Services

    private mutating func checkServices() {
        var places: [String: SourcePosition] = [:]
        for service in config.services {
            check(service)
            let definition = service.definition
            guard !definition.effectiveID.isEmpty else { continue }
            let field = definition.id.isEmpty ? "name" : "id"
            if let first = places[definition.effectiveID] {
                refuse(
                    service, field,
                    "duplicate service ID \"\(definition.effectiveID)\" (first at \(first)): the "
                        + "last one counts", .shows)
            } else {
                places[definition.effectiveID] = service.location(of: field).position
            }
        }
    }

    private mutating func check(_ service: Placed<ServiceDefinition>) {
        let definition = service.definition
        refuse(service, definition.commonFaults)
        for hint in definition.hints { warn(service, hint.path, hint.message) }
        if let problem = NodeChecks.meta(definition.meta) { refuse(service, "meta", problem) }
        if let single = definition.check {
            check(service, single, field: "check", inService: true)
        }
        for (index, one) in definition.checks.enumerated() {
            check(service, one, field: "checks[\(index)]", inService: true)
        }
    }

    // MARK: Checks

    private mutating func check<D>(
        _ placed: Placed<D>, _ definition: CheckDefinition, field: String, inService: Bool
    ) {
        func at(_ name: String) -> String {
            field.isEmpty ? name : name.isEmpty ? field : "\(field).\(name)"
        }
        let runsScript = !definition.args.isEmpty
        if runsScript, scope == .agent, isComplete, !config.checkRules.fragmentsMayRunScripts {
            refuse(
                placed, at("args"),
                "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' "
                    + "or 'enable_local_script_checks' to true")
        }
        if !inService, definition.name.isEmpty, definition.id.isEmpty {
            refuse(placed, at("name"), "a check outside of a service must have a name")
        }
        let faults = definition.commonFaults
        refuse(placed, faults, at: at)
        refuse(placed, rules.checkProblems(definition).filter { !faults.contains($0) }, at: at)
        if definition.interval > .zero, definition.interval < .seconds(1) {
            warn(placed, at("interval"), "\(definition.interval) is raised to 1s")
        }
        for hint in definition.hints { warn(placed, at(hint.path), hint.message) }
    }

    /// Returns the ID of each check in the agent: given, or made from the service or the name.
    private mutating func checkCheckIDs() {
        var places: [String: SourcePosition] = [:]
        var doubles: [ConfigError] = []
        func note<D>(_ placed: Placed<D>, _ field: String, _ id: String) {
            let (position, path) = placed.location(of: field)
            if let first = places[id] {
                doubles.append(
                    ConfigError(
                        position, path: path,
                        "duplicate check ID \"\(id)\" (first at \(first)): the last one counts",
                        isTolerated: true))
            } else {
                places[id] = position
            }
        }
        for service in config.services {
            let definition = service.definition
            let all = definition.allChecks
            for (index, check) in all.enumerated() {
                let isSingle = definition.check != nil && index == 0
                let offset = definition.check == nil ? 0 : 1
                let field = isSingle ? "check" : "checks[\(index - offset)]"
                let made =
                    "service:\(definition.effectiveID)" + (all.count > 1 ? ":\(index + 1)" : "")
                let idField = check.id.isEmpty ? field : "\(field).id"
                note(service, idField, check.id.isEmpty ? made : check.id)
            }
        }
        for check in config.checks {
            let definition = check.definition
            let id = definition.id.isEmpty ? definition.name : definition.id
            if !id.isEmpty { note(check, definition.id.isEmpty ? "name" : "id", id) }
        }
        errors += doubles
    }

    // MARK: Watches

    private mutating func check(_ watch: Placed<WatchDefinition>) {
        let definition = watch.definition
        let handlers = [
            ("handler", !definition.handler.isEmpty), ("args", !definition.args.isEmpty),
            ("http_handler_config", definition.httpHandler != nil),
        ].filter { $0.1 }.map { $0.0 }
        let isOwnKind = ["", "script", "http"].contains(definition.handlerType)
        if handlers.count > 1 {
            refuse(watch, handlers[1], "Only one watch handler allowed")
        } else if handlers.isEmpty, isOwnKind {
            // HashiCorp's agent accepts an empty list as a handler.
            let isEmptyList = watch.node.block?.contains { $0.key == "args" } ?? false
            refuse(watch, "", "Must define a watch handler", isEmptyList ? .disables : .refuses)
        } else if definition.handlerType == "http", definition.httpHandler == nil {
            refuse(watch, "handler_type", "Handler type 'http' requires 'http_handler_config'")
        } else if definition.handlerType == "script", definition.httpHandler != nil {
            refuse(
                watch, "handler_type",
                "Handler type 'script' takes 'args', not 'http_handler_config'")
        }
        if definition.source.type.isEmpty, definition.anyOf.isEmpty {
            refuse(watch, "type", "Watch type must be specified")
        }
        if let http = definition.httpHandler, http.path.isEmpty {
            refuse(watch, "http_handler_config.path", "Requires 'path' to be set")
        }
        if !definition.handler.isEmpty {
            warn(watch, "handler", "is deprecated by Consul: write args, which need no shell")
        }
        for (name, value) in [
            ("timeout", definition.timeout), ("kill_timeout", definition.killTimeout),
        ] where value < .zero {
            refuse(watch, name, "\(value) must not be negative", .shows)
        }
        if let program = definition.args.first, let problem = rules.handlerProblem(program) {
            refuse(watch, "args[0]", problem, .shows)
        }
        refuse(watch, rules.watchProblems(definition))
    }

    private mutating func checkWatchIDs() {
        var places: [String: SourcePosition] = [:]
        for watch in config.watches where !watch.definition.id.isEmpty {
            let position = watch.location(of: "id").position
            if let first = places[watch.definition.id] {
                refuse(
                    watch, "id",
                    "duplicate watch ID \"\(watch.definition.id)\" (first at \(first)): the last "
                        + "one counts", .shows)
            } else {
                places[watch.definition.id] = position
            }
        }
    }
}
