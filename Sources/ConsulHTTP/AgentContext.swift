package import ConsulModel
package import LocalAgent
package import Logging
package import Platform
package import PluginAPI
package import Primitives
import Synchronization
package import TelemetrySinks
package import Wire

/// The agent's parts that the routes use. ConsulAgent makes one; tests make others.
package final class AgentContext: Sendable {
    package let backend: any Backend
    /// Judges the routes that the agent answers itself; nil without access control.
    package let judge: (any AccessJudge)?
    package let membership: any Membership
    package let control: any AgentControl
    package let local: LocalState
    package let registrar: Registrar
    package let runners: CheckRunners
    package let antiEntropy: AntiEntropy
    package let watches: WatchManager
    package let events: UserEventBuffer
    package let eventLog: EventLog
    package let clock: any WaitingClock
    package let logger: Logger
    package let logSink: LogSink?
    package let metrics: MetricsService
    package let plugins: @Sendable () -> [PluginStatus]
    /// The configuration in `/v1/agent/self`: `Config` and `DebugConfig`.
    package let configuration: @Sendable () -> (JSONValue, JSONValue)
    /// The counters in `/v1/agent/self` and `consul info`.
    package let statistics: @Sendable () -> [String: [String: String]]
    package let nodeMeta: @Sendable () -> [String: String]
    /// The machine, for `/v1/agent/host`. May read files.
    package let host: @Sendable () -> HostInfo
    let responseCache = ResponseCache()
    private let current: Mutex<ActiveSettings>

    /// The settings of the HTTP API; a reload makes new ones.
    package struct Settings: Hashable, Sendable {
        package var datacenter = "dc1"
        /// Indents every answer, as `-dev` does.
        package var alwaysPretty = false
        package var uiEnabled = false
        /// The target of the redirection from `/` while the UI is enabled.
        package var uiContentPath = "/ui/"
        package var valueBytesMax = 512 << 10
        /// `http_config.response_headers`.
        package var responseHeaders: [String: String] = [:]
        /// `http_config.block_endpoints`.
        package var blockedPrefixes: [String] = []
        /// `http_config.allow_write_http_from`; empty: all.
        package var writers: [CIDRBlock] = []
        /// `http_config.allowed_hosts`.
        package var allowedHosts: [String] = []
        /// Answers the deregistration of an unknown ID with 404.
        package var refusesUnknownDeregistration = false
        /// The DNS domains of the agent: names in them are its own.
        package var ownDomains: [String] = []
        /// `discovery_max_stale`; above zero, a read of the catalog or of health without a
        /// requested consistency is a stale one.
        package var discoveryMaxStale = GoDuration.zero
        /// `default_query_time` and `max_query_time`, for waits inside the agent.
        package var defaultQueryTime = GoDuration.seconds(300)
        package var maxQueryTime = GoDuration.seconds(600)
        package var allowsUnprintablePaths = false
        package var enablesDebug = false
        package var disablesCoordinates = false
        package init() {}
    }

    /// The settings at one time, in one object, so that a request takes them with one retain.
    final class ActiveSettings: Sendable {
        let settings: Settings
        /// False when no guard and no header of `http_config` applies to any request.
        let isGuarded: Bool
        let headers: [(name: String, value: String)]

        init(_ settings: Settings) {
            self.settings = settings
            headers = settings.responseHeaders.sorted { $0.key < $1.key }.map { ($0, $1) }
            isGuarded =
                !settings.responseHeaders.isEmpty || !settings.blockedPrefixes.isEmpty
                || !settings.writers.isEmpty
        }
    }

    package init(
        backend: any Backend, membership: any Membership, control: any AgentControl,
        local: LocalState, registrar: Registrar, runners: CheckRunners, antiEntropy: AntiEntropy,
        watches: WatchManager,
        events: UserEventBuffer, eventLog: EventLog, clock: any WaitingClock, logger: Logger,
        logSink: LogSink?, metrics: MetricsService,
        plugins: @escaping @Sendable () -> [PluginStatus],
        configuration: @escaping @Sendable () -> (JSONValue, JSONValue),
        statistics: @escaping @Sendable () -> [String: [String: String]],
        nodeMeta: @escaping @Sendable () -> [String: String],
        host: @escaping @Sendable () -> HostInfo, settings: Settings,
        judge: (any AccessJudge)? = nil
    ) {
        self.backend = backend
        self.judge = judge
        self.membership = membership
        self.control = control
        self.local = local
        self.registrar = registrar
        self.runners = runners
        self.antiEntropy = antiEntropy
        self.watches = watches
        self.events = events
        self.eventLog = eventLog
        self.clock = clock
        self.logger = logger
        self.logSink = logSink
        self.metrics = metrics
        self.plugins = plugins
        self.configuration = configuration
        self.statistics = statistics
        self.nodeMeta = nodeMeta
        self.host = host
        current = Mutex(ActiveSettings(settings))
    }

    var active: ActiveSettings { current.withLock { $0 } }

    /// True at log level debug, which has a line for each request.
    var logsRequests: Bool { logSink?.keeps(.debug) ?? (logger.logLevel <= .debug) }

    /// Replaces the settings, at a reload.
    package func update(_ settings: Settings) {
        let active = ActiveSettings(settings)
        current.withLock { $0 = active }
    }
}
