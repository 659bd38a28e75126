package import ConsulModel
import Logging
import PluginAPI
import Synchronization
import Watch

/// Rules for watches that clients of the HTTP API add.
package struct AddedWatchRules: Hashable, Sendable {
    /// `enable_script_checks`: an added watch may use a program, a plugin's handler or a file.
    package var allowsPrograms = false
    /// The folder of their dead-letter files; an empty one refuses such files.
    package var deadLetterFolder = ""
    package init() {}

    /// Throws 403 for a definition that needs `enable_script_checks`, and 400 for a dead-letter
    /// file outside of the folder.
    func check(_ definition: WatchDefinition) throws(ConsulError) {
        let fields = definition.programFields
        guard allowsPrograms || fields.isEmpty else {
            throw ConsulError(
                .permissionDenied,
                "Script handlers are disabled on this agent from remote calls; to enable, "
                    + "configure 'enable_script_checks' to true (\(fields.joined(separator: ", ")) "
                    + "chooses a program, a plugin or a file)")
        }
        _ = try resolved(definition)
    }

    /// Returns the definition with the full path of its dead-letter file.
    func resolved(_ definition: WatchDefinition) throws(ConsulError) -> WatchDefinition {
        guard let given = definition.retry?.deadLetter, !given.isEmpty else { return definition }
        guard !deadLetterFolder.isEmpty else {
            throw ConsulError(
                .badRequest,
                "retry.dead_letter: this agent has no folder for dead-letter files; set "
                    + "watch_dead_letter_dir or data_dir")
        }
        let folder = deadLetterFolder + "/"
        let name = given.hasPrefix(folder) ? given.dropFirst(folder.utf8.count) : given[...]
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0),
            name != ".", name != ".."
        else {
            throw ConsulError(
                .badRequest,
                "retry.dead_letter: must be the name of a file in \(deadLetterFolder)")
        }
        var definition = definition
        definition.retry?.deadLetter = folder + name
        return definition
    }
}

/// Watches that clients add and remove through the API, in addition to those of the configuration.
/// They are persisted in the data directory.
extension WatchManager {
    /// Adds a watch, or replaces one that was added under the same ID.
    /// - Returns: its ID: the given one, or one derived from its source.
    package func add(_ definition: WatchDefinition) throws(ConsulError) -> String {
        let (configured, registry, rules, faults) = state.withLock {
            ($0.configured, $0.registry, $0.rules, $0.faults)
        }
        try rules.check(definition)
        let id = definition.displayName
        guard !WatchIdentity.names(configured).contains(where: { $0.id == id }) else {
            throw ConsulError(
                .badRequest, "watch \"\(id)\" is the configuration's: change it there")
        }
        guard let registry else { throw ConsulError(.internal, "the agent is still starting") }
        let kind = definition.handlerType.isEmpty ? "script" : definition.handlerType
        let problems =
            WatchRules.problems(in: definition)
            + (registry.handlerKind(named: kind)?.problems(in: definition) ?? [])
        guard problems.isEmpty else {
            let lines = problems.map { $0.path.isEmpty ? $0.message : "\($0.path): \($0.message)" }
            throw ConsulError(.badRequest, lines.joined(separator: "\n"))
        }
        guard state.withLock({ $0.added.count < Limits.addedWatchesMax || $0.added[id] != nil })
        else {
            throw ConsulError(
                .tooManyRequests, "at most \(Limits.addedWatchesMax) watches can be added")
        }
        var added = state.withLock { $0.added }
        added[id] = definition
        _ = try replace(with: all(configured, added, rules, faults), registry)
        state.withLock { $0.added[id] = definition }
        try dependencies.store.saveAdded(definition, id: id)
        return id
    }

    /// Removes an added watch.
    package func remove(_ id: String) throws(ConsulError) {
        let (configured, registry, added, rules, faults) = state.withLock {
            ($0.configured, $0.registry, $0.added, $0.rules, $0.faults)
        }
        guard added[id] != nil, let registry else {
            let isConfigured = WatchIdentity.names(configured).contains { $0.id == id }
            throw isConfigured
                ? ConsulError(
                    .badRequest, "watch \"\(id)\" is the configuration's: remove it there")
                : ConsulError(.notFound, "no watch named \"\(id)\"")
        }
        _ = try replace(
            with: all(configured, added.filter { $0.key != id }, rules, faults), registry)
        state.withLock { _ = $0.added.removeValue(forKey: id) }
        dependencies.store.removeAdded(id)
    }

    /// Restores the added watches after a restart; reports definitions that are no longer valid.
    package func restoreAdded(broken: (String) -> Void) {
        for definition in dependencies.store.loadAdded(broken: broken) {
            do throws(ConsulError) {
                _ = try add(definition)
            } catch {
                broken("watch \(definition.displayName): \(error)")
            }
        }
    }

    /// Returns the watches to run: the configuration's whose faults permit it, and the added ones.
    /// An added one that the rules forbid now is omitted, but remembered.
    func all(
        _ configured: [WatchDefinition], _ added: [String: WatchDefinition],
        _ rules: AddedWatchRules, _ faults: [String: WatchFault]
    ) -> [(id: String, definition: WatchDefinition)] {
        var all = WatchIdentity.names(configured).filter {
            faults[$0.id]?.preventsRunning != true
        }
        for (id, definition) in added.sorted(by: { $0.key < $1.key }) {
            do throws(ConsulError) {
                try rules.check(definition)
                all.append((id, try rules.resolved(definition)))
            } catch {
                dependencies.logger.error(
                    "a watch added through the API does not run",
                    metadata: ["watch": "\(id)", "error": "\(error)"])
            }
        }
        return all
    }
}
