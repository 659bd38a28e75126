package import ConsulModel
package import PluginAPI
import Primitives
import Synchronization
import Watch
import Wire

/// All watches of the agent. A reload passes it the new list: unchanged watches continue
/// undisturbed, changed ones restart with the memory of the old, removed ones stop.
package final class WatchManager: Sendable {
    struct State {
        var runners: [String: WatchRunner] = [:]
        /// The configuration's watches, and, in `added`, the API's by ID.
        var configured: [WatchDefinition] = []
        var added: [String: WatchDefinition] = [:]
        var rules = AddedWatchRules()
        var registry: PluginRegistry?
        /// The faults of the configuration's watches, by ID.
        var faults: [String: WatchFault] = [:]
        /// Stopped runners whose handlers may still be running.
        var draining: [WatchRunner] = []
    }
    let state = Mutex(State())
    let dependencies: WatchRunner.Dependencies
    private let context: HandlerContext

    package init(dependencies: WatchRunner.Dependencies, context: HandlerContext) {
        self.dependencies = dependencies
        self.context = context
    }

    /// The changes of one reload.
    package struct Difference: Hashable, Sendable {
        package var added: [String] = []
        package var changed: [String] = []
        package var removed: [String] = []
        package var unchanged: [String] = []
    }

    /// Applies the configuration's watches. The API's watches continue, unless the configuration
    /// now has their ID, or `rules` forbid them now.
    /// - Parameter tolerated: the faults that do not prevent a start, in the order of the
    ///   definitions; none after a reload.
    @discardableResult
    package func apply(
        _ definitions: [WatchDefinition], tolerated: [[DefinitionProblem]] = [],
        registry: PluginRegistry, rules: AddedWatchRules = AddedWatchRules()
    ) throws(ConsulError) -> Difference {
        let configured = WatchIdentity.names(definitions)
        let taken = Set(configured.map { $0.id })
        let faults = WatchFault.byID(configured, tolerated)
        let added = state.withLock { $0.added }.filter { !taken.contains($0.key) }
        let difference = try replace(
            with: all(definitions, added, rules, faults), registry)
        state.withLock { state in
            state.configured = definitions
            state.added = added
            state.registry = registry
            state.rules = rules
            state.faults = faults
        }
        return difference
    }

    /// Replaces all watches or none: makes every runner before it stops or starts any.
    func replace(
        with wanted: [(id: String, definition: WatchDefinition)], _ registry: PluginRegistry
    ) throws(ConsulError) -> Difference {
        let current = state.withLock { $0.runners }
        var difference = Difference()
        var fresh: [(id: String, runner: WatchRunner)] = []
        for (id, definition) in wanted {
            if let runner = current[id], runner.definition == definition {
                difference.unchanged.append(id)
                continue
            }
            fresh.append((id, try make(definition, id, registry)))
            if current[id] == nil {
                difference.added.append(id)
            } else {
                difference.changed.append(id)
            }
        }
        let kept = Set(wanted.map { $0.id })
        difference.removed = current.keys.filter { !kept.contains($0) }.sorted()
        let stopped = state.withLock { state in
            var stopped: [WatchRunner] = []
            for id in difference.removed + difference.changed {
                if let runner = state.runners.removeValue(forKey: id) { stopped.append(runner) }
            }
            for (id, runner) in fresh { state.runners[id] = runner }
            state.draining.removeAll { !$0.isRunningHandlers }
            state.draining += stopped
            return stopped
        }
        for runner in stopped {
            runner.stop()
            dependencies.health?.forget(runner.status.id)
        }
        // Only a stopped runner's memory is final: each event is in it, or its successor handles
        // the event.
        for (id, runner) in fresh {
            runner.start(
                inheriting: current[id]?.memory ?? dependencies.store.memory(of: id),
                after: current[id])
        }
        return difference
    }

    /// Throws the errors of `apply` without changing anything.
    package func check(_ definitions: [WatchDefinition], registry: PluginRegistry)
        throws(ConsulError)
    {
        for (id, definition) in WatchIdentity.names(definitions) {
            _ = try make(definition, id, registry)
        }
    }

    private func make(
        _ definition: WatchDefinition, _ id: String, _ registry: PluginRegistry
    ) throws(ConsulError) -> WatchRunner {
        let kindName = definition.handlerType.isEmpty ? "script" : definition.handlerType
        guard let kind = registry.handlerKind(named: kindName) else {
            throw ConsulError(.badRequest, "Handler type '\(kindName)' not recognized")
        }
        do {
            let handler = try kind.make(definition, in: context)
            return try WatchRunner(
                definition, id: id, handler: handler, handlerName: kindName,
                dependencies: dependencies)
        } catch {
            throw ConsulError(.badRequest, "watch \(id): \(error)")
        }
    }

    // MARK: The API

    package var statuses: [WatchStatus] {
        let (runners, faults) = state.withLock { ($0.runners, $0.faults) }
        let running = runners.values.map { Self.shown($0.status, with: faults) }
        let failed = faults.filter { runners[$0.key] == nil }
            .map { Self.shown($0.value.status(of: $0.key), with: [:]) }
        return (running + failed).sorted { $0.id < $1.id }
    }

    package func status(of id: String) -> WatchStatus? {
        let (runner, faults) = state.withLock { ($0.runners[id], $0.faults) }
        let status = runner?.status ?? faults[id]?.status(of: id)
        return status.map { Self.shown($0, with: runner == nil ? [:] : faults) }
    }

    /// Returns a status without secrets. A fault counts until a handler has succeeded: its program
    /// may have been installed meanwhile.
    private static func shown(
        _ status: WatchStatus, with faults: [String: WatchFault]
    ) -> WatchStatus {
        var status = status
        status.definition = Redaction.record(status.definition)
        guard let fault = faults[status.id],
            !status.runs.contains(where: { !$0.isRunning && $0.failure.isEmpty })
        else { return status }
        status.state = "failed"
        status.error = fault.reason
        return status
    }

    /// - Returns: false when there is no such watch.
    package func pause(_ id: String) -> Bool { act(id) { $0.pause() } }
    package func resume(_ id: String) -> Bool { act(id) { $0.resume() } }
    package func trigger(_ id: String) -> Bool { act(id) { $0.trigger() } }

    /// Returns true when a watch answers questions of a name.
    package func answersQuestions(named name: String) -> Bool {
        state.withLock { state in
            state.runners.values.contains { runner in
                let definition = runner.definition
                return definition.anyOf.isEmpty && definition.source.type == "query"
                    && definition.source.name == name
            }
        }
    }

    /// Returns the watches for events of a name.
    func eventWatches(for name: String) -> [EventWatchers] {
        let (runners, draining) = state.withLock { ($0.runners, $0.draining) }
        return runners.filter { _, runner in
            let source = runner.definition.source
            guard runner.definition.anyOf.isEmpty, source.type == "event" else { return false }
            return source.name.isEmpty || source.name == name
        }.sorted { $0.key < $1.key }.map { id, runner in
            EventWatchers(
                id: id,
                runners: [runner]
                    + draining.filter { $0.isRunningHandlers && $0.status.id == id })
        }
    }

    private func act(_ id: String, _ body: (WatchRunner) -> Void) -> Bool {
        guard let runner = runner(id) else { return false }
        body(runner)
        return true
    }

    private func runner(_ id: String) -> WatchRunner? { state.withLock { $0.runners[id] } }

    /// Stops all watches and kills their running handlers, at the end of the agent.
    package func shutDown() async {
        let all = state.withLock { state in
            defer { state = State() }
            return Array(state.runners.values) + state.draining
        }
        for runner in all { runner.stop() }
        for runner in all { await runner.killHandlers() }
    }
}

/// An event watch, with those of its predecessors whose handlers still run.
struct EventWatchers {
    let id: String
    let runners: [WatchRunner]

    func hasHandled(_ event: String) -> Bool { runners.allSatisfy { $0.hasHandled(event) } }
}
