import ConsulModel
import Primitives

/// Checks a merged configuration and resolves the parts that depend on the machine. Continues after
/// an error.
struct Validation {
    var config: RuntimeConfig
    let environment: ConfigEnvironment
    let rules: DefinitionRules
    let scope: ConfigLoader.Scope
    /// Unreadable settings, about which nothing more is reported.
    let faults: Set<String>
    /// False when a fragment could not be read at all: missing settings may be in it.
    let isComplete: Bool
    var errors: [ConfigError] = []
    var warnings: [ConfigError] = []
    /// Faults of the present definition that do not prevent a start.
    var toleratedHere: [DefinitionProblem] = []

    init(
        _ config: RuntimeConfig, environment: ConfigEnvironment, rules: DefinitionRules,
        scope: ConfigLoader.Scope, faults: Set<String> = [], isComplete: Bool = true
    ) {
        self.config = config
        self.environment = environment
        self.rules = rules
        self.scope = scope
        self.faults = faults
        self.isComplete = isComplete
    }

    mutating func run() {
        for setting in SettingTable.all {
            guard let problem = setting.problem(config) else { continue }
            refuse(setting.name, problem, isTolerated: setting.fallsBack)
            if setting.fallsBack { setting.copy(RuntimeConfig(), &config) }
        }
        resolveNames()
        checkBootstrap()
        checkTimes()
        checkSecurity()
        checkLater()
        warnOfOpenScripts()
        resolveAddresses()
        checkPorts()
        checkDefinitions()
    }

    // MARK: Reporting

    /// Reports a fault of a setting, at the position where it was last given.
    mutating func refuse(_ name: String, _ message: String, isTolerated: Bool = false) {
        guard !faults.contains(name) else { return }
        errors.append(ConfigError(origin(name), path: name, message, isTolerated: isTolerated))
    }

    mutating func warn(_ name: String, _ message: String) {
        guard !faults.contains(name) else { return }
        warnings.append(ConfigError(origin(name), path: name, message))
    }

    private func origin(_ name: String) -> SourceOrigin {
        config.origins[name]?.last ?? .standard
    }

    // MARK: Names

    private mutating func resolveNames() {
        config.node.datacenter = config.node.datacenter.lowercased()
        config.node.primaryDatacenter = config.node.primaryDatacenter.lowercased()
        if config.node.primaryDatacenter.isEmpty {
            config.node.primaryDatacenter = config.node.datacenter
        }
        config.logging.level = config.logging.level.uppercased()
        if config.logging.level == "ERROR" { config.logging.level = "ERR" }
        if !config.dns.domain.hasSuffix(".") { config.dns.domain += "." }
        if config.node.name.isEmpty { config.node.name = environment.hostName }
        checkNodeName()
        config.node.leaveOnTerminateGiven = config.node.leaveOnTerminate
        config.node.skipLeaveOnInterruptGiven = config.node.skipLeaveOnInterrupt
        if scope == .agent, isComplete, config.node.dataDir.isEmpty, !config.devMode {
            refuse("data_dir", "cannot be empty: say where the agent may keep its state, or -dev")
        }
    }

    private mutating func checkNodeName() {
        let name = config.node.name
        if name.isEmpty {
            refuse("node_name", "cannot be empty, and the host has no name: give the node one")
        } else if !name.utf8.allSatisfy({ NodeChecks.isNameByte($0) }) || name.contains("_") {
            warn(
                "node_name",
                "Node name \(quoted(name)) will not be discoverable via DNS due to invalid "
                    + "characters. Valid characters include all alpha-numerics and dashes.")
        }
    }

    private mutating func checkBootstrap() {
        let node = config.node
        if node.bootstrap, node.bootstrapExpect > 0 {
            // HashiCorp's agent treats an expectation of 1 as bootstrap.
            refuse(
                "bootstrap", "excludes bootstrap_expect: say one of the two",
                isTolerated: node.bootstrapExpect == 1)
        }
        guard scope == .agent, isComplete, !node.server else {
            return checkExpectation()
        }
        if node.bootstrap { refuse("bootstrap", "needs server = true") }
        if node.bootstrapExpect > 0 { refuse("bootstrap_expect", "needs server = true") }
    }

    private mutating func checkExpectation() {
        let expect = config.node.bootstrapExpect
        if expect == 1 {
            config.node.bootstrap = true
            config.node.bootstrapExpect = 0
            warn("bootstrap_expect", "is 1: the same as bootstrap = true")
        } else if expect == 2 {
            warn("bootstrap_expect", "a cluster of 2 servers stops when either fails: use 3")
        } else if expect > 2, expect % 2 == 0 {
            warn("bootstrap_expect", "an even number of servers survives no more failures")
        }
        if config.devMode, config.node.bootstrapExpect > 0 {
            refuse("bootstrap_expect", "a server in -dev mode is alone: it expects no others")
        }
    }

    private mutating func checkTimes() {
        if config.limits.defaultQueryTime > config.limits.maxQueryTime {
            refuse(
                "default_query_time",
                "\(config.limits.defaultQueryTime) is more than max_query_time, "
                    + "\(config.limits.maxQueryTime)", isTolerated: true)
        }
    }

    /// Any client of the HTTP port may then run programs here.
    private mutating func warnOfOpenScripts() {
        let aclsOn: Bool = config.stored("acl.enabled") ?? false
        guard config.checkRules.enableScriptChecks, !aclsOn,
            config.limits.allowWriteHTTPFrom.isEmpty
        else { return }
        warn(
            "enable_script_checks",
            "without ACLs and without allow_write_http_from this is DANGEROUS, use "
                + "enable_local_script_checks instead")
    }

    // MARK: Ports

    private mutating func checkPorts() {
        let ports = config.ports
        let named = [
            ("ports.dns", ports.dns), ("ports.dns_tls", ports.dnsTLS), ("ports.http", ports.http),
            ("ports.https", ports.https), ("ports.grpc", ports.grpc),
            ("ports.server", ports.server),
            ("ports.serf_lan", ports.serfLAN), ("ports.serf_wan", ports.serfWAN),
        ]
        for (name, port) in named where port < -1 {
            refuse(name, SettingChecks.notPort(port), isTolerated: true)
        }
        var users: [Int: String] = [:]
        for (name, port) in named where port > 0 {
            if let other = users[port] {
                // Uses the position of the one that was given.
                let isSaid = config.isGiven(name)
                refuse(
                    isSaid ? name : other,
                    "port \(port) is used by \(isSaid ? other : name) already")
            } else {
                users[port] = name
            }
        }
    }
}
