package import ConsulModel
package import LocalAgent
package import Logging
package import Platform
package import PluginAPI
import Synchronization
package import Wire

/// What the routes may ask of the agent around them. ConsulAgent makes one; tests make others.
package final class AgentContext: Sendable {
    package let backend: any Backend
    package let membership: any Membership
    package let control: any AgentControl
    package let local: LocalState
    package let registrar: Registrar
    package let runners: CheckRunners
    package let watches: WatchManager
    package let events: UserEventBuffer
    package let clock: any WaitingClock
    package let logger: Logger
    package let logSink: LogSink?
    package let plugins: @Sendable () -> [PluginStatus]
    /// The configuration as `/v1/agent/self` shows it: `Config` and `DebugConfig`.
    package let configuration: @Sendable () -> (JSONValue, JSONValue)
    /// The counters as `/v1/agent/self` and `consul info` show them.
    package let statistics: @Sendable () -> [String: [String: String]]
    package let nodeMeta: @Sendable () -> [String: String]
    private let currentSettings: Mutex<Settings>

    /// What the configuration says about the faces; a reload makes new ones.
    package struct Settings: Hashable, Sendable {
        package var datacenter = "dc1"
        /// Indents every answer, as `-dev` does.
        package var alwaysPretty = false
        package var uiEnabled = false
        /// Where `/` leads while the UI is on.
        package var uiContentPath = "/ui/"
        package var valueBytesMax = 512 << 10
        package init() {}
    }

    package init(
        backend: any Backend, membership: any Membership, control: any AgentControl,
        local: LocalState, registrar: Registrar, runners: CheckRunners, watches: WatchManager,
        events: UserEventBuffer, clock: any WaitingClock, logger: Logger, logSink: LogSink?,
        plugins: @escaping @Sendable () -> [PluginStatus],
        configuration: @escaping @Sendable () -> (JSONValue, JSONValue),
        statistics: @escaping @Sendable () -> [String: [String: String]],
        nodeMeta: @escaping @Sendable () -> [String: String], settings: Settings
    ) {
        self.backend = backend
        self.membership = membership
        self.control = control
        self.local = local
        self.registrar = registrar
        self.runners = runners
        self.watches = watches
        self.events = events
        self.clock = clock
        self.logger = logger
        self.logSink = logSink
        self.plugins = plugins
        self.configuration = configuration
        self.statistics = statistics
        self.nodeMeta = nodeMeta
        currentSettings = Mutex(settings)
    }
    package var settings: Settings { currentSettings.withLock { $0 } }

    /// For a reload.
    package func update(_ settings: Settings) { currentSettings.withLock { $0 = settings } }
}
