package import ConsulConfig
import ExternalPlugins
package import Logging
import Platform
package import PluginAPI
import Primitives
import Synchronization

/// All plugins of an agent: the built-in ones, and the programs of `plugin_dir`.
///
/// A configuration is judged with the types that plugins provide, and only a configuration says
/// where the plugins are. So it is read with the built-in types first; if nothing else is wrong,
/// the programs are started, and definitions of types that are not built in are judged with what
/// these say. Programs of a configuration that is wrong anyway are never started.
package final class PluginHost: Sendable {
    /// What one reading of the configuration came to. Its new programs run, and wait to be
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
        /// Pinned by the first configuration in force: another `plugin_dir` needs a restart.
        var directory: String?
        var logger: Logger?
    }

    private final class StateBox: Sendable {
        let value: Mutex<State>
        init(_ state: State) { value = Mutex(state) }
    }

    /// For the command line: a user waits at a terminal.
    private static let validateHandshakeMax = GoDuration.seconds(5)

    private let builtIn: [Plugin]
    private let programs: PluginPrograms
    private let judging: PluginPrograms
    private let state: StateBox

    /// - Parameter reservedCommands: Names of commands that no external program may take.
    package init(
        builtIn: [Plugin], reservedCommands: Set<String> = []
    ) throws(ConsulAgentError) {
        self.builtIn = builtIn
        let state = StateBox(State(registry: try Agent.registry(builtIn)))
        self.state = state
        var surroundings = PluginSurroundings(
            processes: RealProcesses(), clock: RealClock(), agentVersion: Version.number,
            reservedCommands: reservedCommands
        ) { level, program, text in
            let logger = state.value.withLock { $0.logger }
            logger?.log(level: Self.level(level), "\(text)", metadata: ["program": "\(program)"])
        }
        programs = PluginPrograms(surroundings)
        surroundings.times.handshake = Self.validateHandshakeMax
        judging = PluginPrograms(surroundings)
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

    /// Says in the log which programs do not run.
    func logFailures() {
        let logger = state.value.withLock { $0.logger }
        for status in programs.statuses where status.state == "failed" {
            logger?.error(
                "a plugin program is not used",
                metadata: ["program": "\(status.origin)", "error": "\(status.error)"])
        }
    }

    // MARK: Loading

    /// Reads the configuration with the programs that it needs.
    package func load(_ sources: ConfigSources, rigour: ConfigLoader.Rigour = .strict) async
        -> Loaded
    {
        await load(sources, with: programs, rigour: rigour, scope: .agent, onlyIfNeeded: false)
    }

    /// The first load of an agent: what is right is in force at once.
    package func open(_ sources: ConfigSources) async -> LoadOutcome {
        let loaded = await load(sources, rigour: .bootable)
        guard loaded.outcome.config != nil else {
            await discard(loaded)
            return loaded.outcome
        }
        await release(install(loaded))
        return loaded.outcome
    }

    /// Reads the configuration for `consul validate`: programs run only if a definition needs them,
    /// and not for longer than it takes.
    package func judge(_ sources: ConfigSources, scope: ConfigLoader.Scope) async -> LoadOutcome {
        let loaded = await load(
            sources, with: judging, rigour: .strict, scope: scope, onlyIfNeeded: true)
        await judging.release(loaded.selection)
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
        let selection = await judging.prepare(files, builtIn: builtIn)
        await judging.release(selection)
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
                ConfigError(.standard, path: "", "\($0) is not built in: not judged")
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

    /// Which programs failed, beside the errors that may come of it.
    private static func hints(_ selection: PluginPrograms.Selection) -> [ConfigError] {
        selection.failures.map {
            ConfigError(SourcePlace(file: $0.program), path: "", "is not used: \($0.reason)")
        }
    }

    /// `prepare` has refused what would clash, so this only falls back if the built-in ones do.
    private func registry(of external: [Plugin]) -> PluginRegistry {
        do throws(PluginAPIError) {
            return try PluginRegistry(builtIn + external)
        } catch {
            return registry
        }
    }

    /// In byte order of their names. Folders inside, names that begin with a dot or end with a
    /// tilde, and files that may not be executed are passed over.
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

    /// From now on these programs answer. Returns what they replace.
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

    /// Stops the programs that were started for a reading that is not put into force.
    func discard(_ loaded: Loaded) async { await programs.release(loaded.selection) }

    /// Ends all programs with their process groups.
    package func stop() async {
        await programs.stop()
        await judging.stop()
    }
}

/// Names of types that were passed over.
private final class UnknownTypes: Sendable {
    private let found = Mutex<Set<String>>([])
    func add(_ name: String) { found.withLock { _ = $0.insert(name) } }
    var names: [String] { found.withLock { $0.sorted() } }
}
