import ConsulConfig
import ConsulModel
import HTTPTransport
import LocalAgent
import Platform
import PluginAPI
import Primitives
import Telemetry

/// Makes the services of floor 4 out of the shells of floor 3.
struct ServiceBuilder {
    let backend: any Backend
    let local: LocalState
    let clock: RealClock
    let client: ProbeClient
    let loops: EventLoops
    let files: RegistrationFiles
    let logSink: LogSink
    let registry: MetricRegistry
    let members: MemberFeed
    let questions: PoolQuestions

    init(
        backend: any Backend, local: LocalState, clock: RealClock, client: ProbeClient,
        loops: EventLoops, files: RegistrationFiles, logSink: LogSink, registry: MetricRegistry,
        members: MemberFeed, questions: PoolQuestions
    ) {
        self.backend = backend
        self.local = local
        self.clock = clock
        self.client = client
        self.loops = loops
        self.files = files
        self.logSink = logSink
        self.registry = registry
        self.members = members
        self.questions = questions
    }

    func registrar(
        _ config: RuntimeConfig, _ registry: PluginRegistry, _ runners: CheckRunners,
        _ random: SeededRandom
    ) -> Registrar {
        Registrar(
            local: local, runners: runners, files: files,
            capabilities: Registrar.Capabilities(
                processes: RealProcesses(), http: checkHTTP(config),
                network: RealNetwork(loops: loops),
                clock: clock,
                checks: AliasObserver(local: local, backend: backend, clock: clock)),
            registry: registry, policy: Self.policy(config), logger: logSink.logger("agent"),
            random: random, unixSeconds: SystemClock.coarseUnixSeconds)
    }

    /// Returns the checks' HTTP client, with the agent's certificate where the configuration says
    /// so.
    private func checkHTTP(_ config: RuntimeConfig) -> RealHTTP {
        let lends = config.checkRules.enableAgentTLSForChecks
        return RealHTTP(client: client, tls: lends ? Listeners.tls(config) : nil)
    }

    static func policy(_ config: RuntimeConfig) -> Registrar.Policy {
        var policy = Registrar.Policy()
        policy.scriptsFromAPI = config.checkRules.enableScriptChecks
        policy.scriptsFromConfiguration = config.checkRules.fragmentsMayRunScripts
        policy.discardsOutput = config.checkRules.discardOutput
        policy.outputMax = config.checkRules.outputMaxSize
        return policy
    }

    static func addedWatchRules(_ config: RuntimeConfig) -> AddedWatchRules {
        var rules = AddedWatchRules()
        rules.allowsPrograms = config.checkRules.enableScriptChecks
        rules.deadLetterFolder = config.deadLetterFolder
        return rules
    }

    func responderContext(_ config: RuntimeConfig) -> ResponderContext {
        ResponderContext(
            nodeName: config.node.name, datacenter: config.node.datacenter,
            settings: Self.pluginSettings(config), backend: backend, processes: RealProcesses(),
            clock: clock, log: Responders.log(logSink.logger("agent")))
    }

    /// Returns the sections of the configuration that event responders may read.
    static func pluginSettings(_ config: RuntimeConfig) -> PluginSettings {
        var rules = config.remoteExec
        rules.isEnabled = !config.node.disableRemoteExec
        var settings = PluginSettings()
        settings.set(rules)
        return settings
    }

    func eventLog(_ config: RuntimeConfig) -> EventLog {
        EventLog(
            backend: backend, datacenter: config.node.datacenter, nodeName: config.node.name,
            unixSeconds: SystemClock.coarseUnixSeconds, wallText: SystemClock.wallText)
    }

    func watches(
        _ config: RuntimeConfig, events: UserEventBuffer, reports: EventReports
    ) -> WatchManager {
        WatchManager(
            dependencies: WatchRunner.Dependencies(
                reader: WatchReader(
                    backend: backend, events: events, local: local, members: members,
                    questions: questions.buffer),
                clock: clock, store: files, wallText: SystemClock.wallText,
                logger: logSink.logger("agent.watch"),
                environment: [
                    "CONSUL_NODE": config.node.name, "CONSUL_DATACENTER": config.node.datacenter,
                ], health: WatchHealth(local: local), reports: reports,
                questions: questions,
                loops: loops.watching, registry: registry),
            context: HandlerContext(
                processes: RealProcesses(), http: RealHTTP(client: client, tls: nil)))
    }
}
