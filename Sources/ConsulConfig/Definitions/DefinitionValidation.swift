import ConsulModel
import Primitives

/// Services, checks and watches: what this module itself knows, and what `DefinitionRules` says.
extension Validation {
    mutating func checkDefinitions() {
        checkServices()
        for check in config.checks {
            self.check(check, check.definition, field: "", inService: false)
        }
        checkCheckIDs()
        for watch in config.watches { self.check(watch) }
        checkWatchIDs()
        checkRecords()
    }

    mutating func refuse<D>(_ placed: Placed<D>, _ field: String, _ message: String) {
        let (place, path) = placed.location(of: field)
        guard !placed.isExplained(path) else { return }
        errors.append(ConfigError(place, path: path, message))
    }

    private mutating func warn<D>(_ placed: Placed<D>, _ field: String, _ message: String) {
        let (place, path) = placed.location(of: field)
        guard !placed.isExplained(path) else { return }
        warnings.append(ConfigError(place, path: path, message))
    }

    // MARK: Services

    private mutating func checkServices() {
        var places: [String: SourcePlace] = [:]
        for service in config.services {
            check(service)
            let definition = service.definition
            guard !definition.effectiveID.isEmpty else { continue }
            let field = definition.id.isEmpty ? "name" : "id"
            if let first = places[definition.effectiveID] {
                refuse(
                    service, field,
                    "duplicate service ID \"\(definition.effectiveID)\" (first at \(first))")
            } else {
                places[definition.effectiveID] = service.location(of: field).place
            }
        }
    }

    private mutating func check(_ service: Placed<ServiceDefinition>) {
        let definition = service.definition
        if definition.name.isEmpty { refuse(service, "name", "Service name must be set") }
        if !ServiceKind.known.contains(definition.kind) {
            refuse(
                service, "kind",
                "\(quoted(definition.kind)) is none of "
                    + ServiceKind.known.filter { !$0.isEmpty }.joined(separator: ", "))
        }
        if !(0...65535).contains(definition.port) {
            refuse(service, "port", "\(definition.port) is not a port (1 to 65535, or 0 for none)")
        }
        if let problem = NodeChecks.meta(definition.meta) { refuse(service, "meta", problem) }
        if let weights = definition.weights {
            for (name, weight) in [("passing", weights.passing), ("warning", weights.warning)]
            where !(name == "passing" ? 1...65535 : 0...65535).contains(weight) {
                refuse(
                    service, "weights.\(name)",
                    "\(weight) is not from \(name == "passing" ? 1 : 0) to 65535")
            }
        }
        for (tag, address) in definition.taggedAddresses.sorted(by: { $0.key < $1.key })
        where !(0...65535).contains(address.port) {
            refuse(service, "tagged_addresses.\(tag).port", "\(address.port) is not a port")
        }
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
        let statuses = ["", "passing", "warning", "critical"]
        if !statuses.contains(definition.status) {
            refuse(
                placed, at("status"),
                "\(quoted(definition.status)) is none of passing, warning, critical")
        }
        let named: [(String, GoDuration)] = [
            ("interval", definition.interval), ("timeout", definition.timeout),
            ("ttl", definition.ttl), ("initial_delay", definition.initialDelay),
            ("deregister_critical_service_after", definition.deregisterCriticalServiceAfter),
        ]
        for (name, value) in named where value < .zero {
            refuse(placed, at(name), "\(value) must not be negative")
        }
        checkInterval(placed, definition, at: at)
        for problem in rules.checkProblems(definition) {
            refuse(placed, at(problem.path), problem.message)
        }
    }

    /// Everything that is polled needs an interval. Kinds from outside say so themselves.
    private mutating func checkInterval<D>(
        _ placed: Placed<D>, _ definition: CheckDefinition, at: (String) -> String
    ) {
        let isPolled =
            !definition.args.isEmpty || !definition.dockerContainerID.isEmpty
            || ![
                definition.http, definition.tcp, definition.udp, definition.grpc,
                definition.osService,
            ].allSatisfy { $0.isEmpty }
        if isPolled, definition.interval == .zero {
            refuse(
                placed, at("interval"), "Interval must be > 0 for Script, HTTP, or TCP checks")
        } else if isPolled, definition.interval > .zero, definition.interval < .seconds(1) {
            warn(placed, at("interval"), "\(definition.interval) is raised to 1s")
        }
    }

    /// The ID under which the agent will know each check: given, or made from the service or the
    /// name.
    private mutating func checkCheckIDs() {
        var places: [String: SourcePlace] = [:]
        var doubles: [ConfigError] = []
        func note<D>(_ placed: Placed<D>, _ field: String, _ id: String) {
            let (place, path) = placed.location(of: field)
            if let first = places[id] {
                doubles.append(
                    ConfigError(
                        place, path: path, "duplicate check ID \"\(id)\" (first at \(first))"))
            } else {
                places[id] = place
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
            refuse(watch, "", "Must define a watch handler")
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
            refuse(watch, name, "\(value) must not be negative")
        }
        if let program = definition.args.first, let problem = rules.handlerProblem(program) {
            refuse(watch, "args[0]", problem)
        }
        for problem in rules.watchProblems(definition) {
            refuse(watch, problem.path, problem.message)
        }
    }

    private mutating func checkWatchIDs() {
        var places: [String: SourcePlace] = [:]
        for watch in config.watches where !watch.definition.id.isEmpty {
            let place = watch.location(of: "id").place
            if let first = places[watch.definition.id] {
                refuse(
                    watch, "id", "duplicate watch ID \"\(watch.definition.id)\" (first at \(first))"
                )
            } else {
                places[watch.definition.id] = place
            }
        }
    }
}
