package import ConsulConfig
import ExternalPlugins
package import Logging
import Platform
package import PluginAPI
import Primitives
import Synchronization

/// All plugins of an agent: the built-in ones, and the programs of `plugin_dir`.
///
/// Validating a configuration needs the types that plugins provide, and only the configuration
/// names the plugins' folder. So it is read with the built-in types first; if it has no other
/// error, the programs are started, and definitions of types that are not built in are validated
/// with the programs' answers. Programs of an otherwise faulty configuration are never started.
package final class PluginHost: Sendable {
    /// The result of one reading of the configuration. Its new programs run, and wait to be
    /// installed or discarded.
    package struct Loaded: Sendable {
        package var outcome: LoadOutcome
        package var registry: PluginRegistry
        var selection: PluginPrograms.Selection

        func pluginChanges(from old: Loaded) -> [String] {
            selection.changes(from: old.selection)
        }
    }

    private struct State {
        var registry: PluginRegistry
        /// Pinned by the first applied configuration: another `plugin_dir` needs a restart.
        var directory: String?
        var logger: Logger?
    }

    private final class StateBox: Sendable {
        let value: Mutex<State>
        init(_ state: State) { value = Mutex(state) }
    }

    /// The limit for the command line, where a user waits at a terminal.
    private static let validateHandshakeMax = GoDuration.seconds(5)

    private let builtIn: [Plugin]
    private let programs: PluginPrograms
    private let validating: PluginPrograms
    private let state: StateBox

    /// - Parameter reservedCommands: names of commands that no external program may use.
    package init(
        builtIn: [Plugin], reservedCommands: Set<String> = []
    ) throws(ConsulAgentError) {
        self.builtIn = builtIn
        let state = StateBox(State(registry: try Agent.registry(builtIn)))
        self.state = state
        var dependencies = PluginDependencies(
            processes: RealProcesses(), clock: RealClock(), agentVersion: Version.number,
            reservedCommands: reservedCommands
        ) { level, program, text in
            let logger = state.value.withLock { $0.logger }
            logger?.log(level: Self.level(level), "\(text)", metadata: ["program": "\(program)"])
        }
        programs = PluginPrograms(dependencies)
        dependencies.times.handshake = Self.validateHandshakeMax
        validating = PluginPrograms(dependencies)
    }

    private static func level(_ level: PluginLogLevel) -> Logger.Level {
        switch level {
        case .debug: .debug
        case .info: .info
        case .warn: .warning
        case .error: .error
        }
    }

    package func attach(_ logger: Logger) { state.value.withLock { $0.logger = logger } }

    package var registry: PluginRegistry { state.value.withLock { $0.registry } }

    package var statuses: [PluginStatus] {
        builtIn.map { plugin in
            var status = PluginStatus()
            status.name = plugin.name
            status.version = plugin.version
            status.origin = plugin.origin
            status.provides = plugin.contributions.map { "\($0.sort):\($0.kind)" }
            return status
        } + programs.statuses
    }

    /// Logs the programs that do not run.
    func logFailures() {
        let logger = state.value.withLock { $0.logger }
        for status in programs.statuses where status.state == "failed" {
            logger?.error(
                "a plugin program is not used",
                metadata: ["program": "\(status.origin)", "error": "\(status.error)"])
        }
    }

    // MARK: Loading

    /// Reads the configuration and starts the programs that it needs.
    package func load(_ sources: ConfigSources, rigour: ConfigLoader.Rigour = .strict) async
        -> Loaded
    {
        await load(sources, with: programs, rigour: rigour, scope: .agent, onlyIfNeeded: false)
    }

    /// Loads an agent's configuration for its start, and installs it at once where it is valid.
    package func open(_ sources: ConfigSources) async -> LoadOutcome {
        let loaded = await load(sources, rigour: .bootable)
        guard loaded.outcome.config != nil else {
            await discard(loaded)
            return loaded.outcome
        }
        await release(install(loaded))
        return loaded.outcome
    }

    /// Validates the configuration for `consul validate`: programs run only if a definition needs
    /// them, and stop afterwards.
    package func validate(
        _ sources: ConfigSources, scope: ConfigLoader.Scope
    ) async -> LoadOutcome {
        let loaded = await load(
            sources, with: validating, rigour: .strict, scope: scope, onlyIfNeeded: true)
        await validating.release(loaded.selection)
        return loaded.outcome
    }

    /// Returns the commands of the external programs in a folder, and the programs that are not
    /// used with the reasons. Starts each program for its `hello` and stops it again.
    package func commands(
        in directory: String
    ) async -> (commands: [any Command], failures: [(program: String, reason: String)]) {
        let files: [ProgramFile]
        do throws(FileError) {
            files = try Self.programFiles(in: directory)
        } catch {
            return ([], [(directory, "\(error)")])
        }
        let selection = await validating.prepare(files, builtIn: builtIn)
        await validating.release(selection)
        let commands = selection.plugins.flatMap { $0.contributions }.compactMap {
            if case .command(let command) = $0 { command } else { nil }
        }
        return (commands, selection.failures)
    }

    private func load(
        _ sources: ConfigSources, with programs: PluginPrograms, rigour: ConfigLoader.Rigour,
        scope: ConfigLoader.Scope, onlyIfNeeded: Bool
    ) async -> Loaded {
        let unknown = UnknownTypes()
        let plain = registry(of: [])
        var outcome = sources.load(registry: plain, scope: scope, rigour: rigour) {
            unknown.add($0)
        }
        var loaded = Loaded(
            outcome: outcome, registry: plain, selection: PluginPrograms.Selection())
        guard let config = outcome.config else { return loaded }
        if scope == .partial {
            loaded.outcome.warnings += unknown.names.map {
                ConfigError(.standard, path: "", "\($0) is not built in: not validated")
            }
            return loaded
        }
        if onlyIfNeeded, unknown.names.isEmpty { return loaded }
        let directory = state.value.withLock { $0.directory } ?? config.node.pluginDir
        var files: [ProgramFile] = []
        do throws(FileError) {
            files = try Self.programFiles(in: directory)
        } catch {
            loaded.outcome.warnings.append(
                ConfigError(
                    config.origins["plugin_dir"]?.last ?? .standard, path: "plugin_dir",
                    "no plugins are loaded: \(error)"))
        }
        loaded.selection = await programs.prepare(files, builtIn: builtIn)
        loaded.registry = registry(of: loaded.selection.plugins)
        if !unknown.names.isEmpty {
            let warnings = loaded.outcome.warnings.filter { !outcome.warnings.contains($0) }
            outcome = sources.load(registry: loaded.registry, scope: scope, rigour: rigour)
            outcome.warnings += warnings
            outcome.errors += outcome.errors.isEmpty ? [] : Self.hints(loaded.selection)
            loaded.outcome = outcome
        }
        return loaded
    }

    /// Returns the programs that failed: they may explain the errors.
    private static func hints(_ selection: PluginPrograms.Selection) -> [ConfigError] {
        selection.failures.map {
            ConfigError(SourcePosition(file: $0.program), path: "", "is not used: \($0.reason)")
        }
    }

    /// Returns a registry. `prepare` has refused clashing programs, so the fallback serves only
    /// clashing built-in plugins.
    private func registry(of external: [Plugin]) -> PluginRegistry {
        do throws(PluginAPIError) {
            return try PluginRegistry(builtIn + external)
        } catch {
            return registry
        }
    }

    /// Returns the programs of a folder in byte order of their names. Skips folders inside, names
    /// that begin with a dot or end with a tilde, and files without execute permission.
    private static func programFiles(in directory: String) throws(FileError) -> [ProgramFile] {
        guard !directory.isEmpty else { return [] }
        return try Files.list(directory).compactMap { name in
            let path = directory.hasSuffix("/") ? "\(directory)\(name)" : "\(directory)/\(name)"
            guard !name.hasPrefix("."), !name.hasSuffix("~"), Files.isExecutable(path),
                let stamp = Files.stamp(path)
            else { return nil }
            return ProgramFile(path: path, stamp: stamp)
        }
    }

    // MARK: Into force

    /// Installs the programs of a reading. Returns the replaced ones.
    func install(_ loaded: Loaded) -> Loaded {
        var old = loaded
        old.selection = programs.install(loaded.selection)
        old.registry = state.value.withLock { state in
            defer {
                state.registry = loaded.registry
                if let config = loaded.outcome.config, state.directory == nil {
                    state.directory = config.node.pluginDir
                }
            }
            return state.registry
        }
        return old
    }

    /// Stops the programs of an earlier reading that are no longer used.
    func release(_ old: Loaded) async { await programs.release(old.selection) }

    /// Stops the programs that were started for a reading that is not applied.
    func discard(_ loaded: Loaded) async { await programs.release(loaded.selection) }

    /// Stops all programs with their process groups.
    package func stop() async {
        await programs.stop()
        await validating.stop()
    }
}

/// Collects the names of types that no plugin provides.
private final class UnknownTypes: Sendable {
    private let found = Mutex<Set<String>>([])
    func add(_ name: String) { found.withLock { _ = $0.insert(name) } }
    var names: [String] { found.withLock { $0.sorted() } }
}
