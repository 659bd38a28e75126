package import PluginAPI
import Primitives
import Synchronization

/// The programs' dependencies in the agent.
package struct PluginDependencies: Sendable {
    package typealias Log = @Sendable (PluginLogLevel, _ program: String, _ text: String) -> Void

    package var processes: any ProcessRunner
    package var clock: any WaitingClock
    package var agentVersion: String
    package var times: PluginTimes
    /// The names of commands that no plugin may use: those of `consul` itself.
    package var reservedCommands: Set<String>
    package var log: Log

    package init(
        processes: any ProcessRunner, clock: any WaitingClock, agentVersion: String,
        times: PluginTimes = PluginTimes(), reservedCommands: Set<String> = [],
        log: @escaping Log
    ) {
        self.processes = processes
        self.clock = clock
        self.agentVersion = agentVersion
        self.times = times
        self.reservedCommands = reservedCommands
        self.log = log
    }
}

/// All external programs of an agent.
///
/// A change of them has three steps, so that a reload can still be refused: `prepare` starts the
/// new programs, `install` replaces the old ones, `release` stops the unused ones.
package final class PluginPrograms: Sendable {
    /// A set of programs, in the order of their names.
    package struct Selection: Sendable {
        struct Entry: Sendable {
            var program: PluginProgram
            /// The reason why a running program is not used; empty when it is.
            var refusal = ""
        }
        var entries: [Entry] = []
        /// The plugins of the used programs.
        package internal(set) var plugins: [Plugin] = []
        /// The programs that are not used, with the reasons.
        package var failures: [(program: String, reason: String)] {
            entries.compactMap { entry in
                let reason = entry.refusal.isEmpty ? entry.program.status.error : entry.refusal
                let isUsed = entry.refusal.isEmpty && entry.program.manifest != nil
                return isUsed ? nil : (entry.program.file.path, reason)
            }
        }
        package init() {}

        /// Returns a line for each program that has changed.
        package func changes(from old: Selection) -> [String] {
            var lines: [String] = []
            for entry in entries {
                let path = entry.program.file.path
                guard let before = old.entries.first(where: { $0.program.file.path == path }) else {
                    lines.append("plugin \(path): added")
                    continue
                }
                let isUsed = entry.program.manifest != nil && entry.refusal.isEmpty
                let wasUsed = before.program.manifest != nil && before.refusal.isEmpty
                if before.program !== entry.program, isUsed || wasUsed {
                    lines.append("plugin \(path): changed")
                }
            }
            let kept = Set(entries.map { $0.program.file.path })
            let gone = old.entries.map { $0.program.file.path }.filter { !kept.contains($0) }
            return lines + gone.map { "plugin \($0): removed" }
        }
    }

    private struct State {
        var selection = Selection()
        /// The programs started for a pending reload.
        var preparing: [PluginProgram] = []
        var isStopped = false
    }

    private let host: PluginDependencies
    private let state = Mutex(State())
    private var entries: [Selection.Entry] { state.withLock { $0.selection.entries } }

    package init(_ host: PluginDependencies) { self.host = host }

    /// Starts the programs that are new, changed, or were down; keeps the others. Bounded by the
    /// timeout of a handshake. A program whose kinds the built-in plugins or an earlier program
    /// have is refused.
    package func prepare(_ files: [ProgramFile], builtIn: [Plugin]) async -> Selection {
        let running = entries
        defer { state.withLock { $0.preparing = [] } }
        var selection = Selection()
        await withTaskGroup(of: Void.self) { group in
            for (index, file) in files.enumerated() {
                let kept = running.first {
                    $0.program.file == file && $0.refusal.isEmpty && $0.program.isHealthy
                }
                let program = kept?.program ?? PluginProgram(file, host: host)
                var entry = Selection.Entry(program: program)
                if index >= Limits.programsMax {
                    entry.refusal = "plugin_dir holds more than \(Limits.programsMax) programs"
                } else if kept == nil, isPreparing(program) {
                    group.addTask { await program.start() }
                }
                selection.entries.append(entry)
            }
        }
        collectPlugins(&selection, builtIn: builtIn)
        return selection
    }

    /// Registers a program in preparation.
    /// - Returns: false after `stop`.
    private func isPreparing(_ program: PluginProgram) -> Bool {
        state.withLock { state in
            if !state.isStopped { state.preparing.append(program) }
            return !state.isStopped
        }
    }

    private func collectPlugins(_ selection: inout Selection, builtIn: [Plugin]) {
        var owners: [String: String] = [:]
        for command in host.reservedCommands { owners["command:\(command)"] = "consul itself" }
        for plugin in builtIn {
            for contribution in plugin.contributions {
                owners["\(contribution.sort):\(contribution.kind)"] = plugin.name
            }
        }
        for index in selection.entries.indices {
            let entry = selection.entries[index]
            guard entry.refusal.isEmpty, let manifest = entry.program.manifest else { continue }
            if let taken = manifest.provides.first(where: { owners[$0] != nil }) {
                selection.entries[index].refusal =
                    "provides \(taken), which \(owners[taken] ?? "another") provides already"
                continue
            }
            for name in manifest.provides { owners[name] = entry.program.file.path }
            selection.plugins.append(plugin(manifest, origin: entry.program.file.path))
        }
    }

    private func plugin(_ manifest: Manifest, origin: String) -> Plugin {
        let checks = manifest.checks.map { kind in
            Contribution.checkType(
                ExternalCheckType(kind: kind.name, schema: kind.schema, programs: self))
        }
        let handlers = manifest.handlers.map { kind in
            Contribution.handlerKind(
                ExternalHandlerKind(kind: kind.name, schema: kind.schema, programs: self))
        }
        let commands = manifest.commands.map { command in
            Contribution.command(
                ExternalCommand(name: command.name, synopsis: command.synopsis, program: origin))
        }
        return Plugin(
            name: manifest.name, version: manifest.version, origin: origin,
            contributions: checks + handlers + commands)
    }

    /// Installs a selection. Returns the replaced one, to be released; after `stop` that is the
    /// selection itself.
    package func install(_ selection: Selection) -> Selection {
        state.withLock { state in
            if state.isStopped { return selection }
            defer { state.selection = selection }
            return state.selection
        }
    }

    /// Stops the programs of a selection that are not installed, and the installed ones that were
    /// refused. Returns when they are gone.
    package func release(_ selection: Selection) async {
        let current = entries
        let used = Set(
            current.filter { $0.refusal.isEmpty }.map { ObjectIdentifier($0.program) })
        for entry in current where !entry.refusal.isEmpty { entry.program.refuse(entry.refusal) }
        let refused = current.filter { !$0.refusal.isEmpty }
        await withTaskGroup(of: Void.self) { group in
            for entry in selection.entries + refused
            where !used.contains(ObjectIdentifier(entry.program)) {
                group.addTask { await entry.program.stop() }
            }
        }
    }

    /// Stops all programs; returns when they are gone.
    package func stop() async {
        let (old, preparing) = state.withLock { state in
            defer { state = State(isStopped: true) }
            return (state.selection, state.preparing)
        }
        await withTaskGroup(of: Void.self) { group in
            for program in preparing { group.addTask { await program.stop() } }
        }
        await release(old)
    }

    package var statuses: [PluginStatus] {
        entries.map { entry in
            var status = entry.program.status
            if !entry.refusal.isEmpty {
                status.state = "failed"
                status.error = entry.refusal
            }
            return status
        }
    }

    // MARK: For checks and handlers

    var handleTimeout: GoDuration { host.times.handle }

    func provider(ofCheck kind: String) -> (PluginProgram, ConfigSchema)? {
        provider(of: kind) { $0.checks }
    }

    func provider(ofHandler kind: String) -> (PluginProgram, ConfigSchema)? {
        provider(of: kind) { $0.handlers }
    }

    private func provider(of kind: String, among kinds: (Manifest) -> [Manifest.Kind])
        -> (PluginProgram, ConfigSchema)?
    {
        for entry in entries where entry.refusal.isEmpty {
            guard let manifest = entry.program.manifest else { continue }
            if let found = kinds(manifest).first(where: { $0.name == kind }) {
                return (entry.program, found.schema)
            }
        }
        return nil
    }
}
