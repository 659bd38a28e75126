package import ConsulModel
import PluginAPI
import Synchronization
import Watch

/// Watches that come and go through the API, beside those of the configuration. They are kept in the
/// data directory.
extension WatchManager {
    /// Adds a watch, or replaces one that was added under the same ID.
    /// - Returns: its ID: the one given, or one made from what it looks at.
    package func add(_ definition: WatchDefinition) throws(ConsulError) -> String {
        let (configured, registry) = state.withLock { ($0.configured, $0.registry) }
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
        _ = try replace(with: all(configured, added), registry)
        state.withLock { $0.added[id] = definition }
        try around.store.saveAdded(definition, id: id)
        return id
    }

    /// Removes a watch that was added.
    package func remove(_ id: String) throws(ConsulError) {
        let (configured, registry, added) = state.withLock {
            ($0.configured, $0.registry, $0.added)
        }
        guard added[id] != nil, let registry else {
            let isConfigured = WatchIdentity.names(configured).contains { $0.id == id }
            throw isConfigured
                ? ConsulError(
                    .badRequest, "watch \"\(id)\" is the configuration's: remove it there")
                : ConsulError(.notFound, "no watch named \"\(id)\"")
        }
        _ = try replace(with: all(configured, added.filter { $0.key != id }), registry)
        state.withLock { _ = $0.added.removeValue(forKey: id) }
        around.store.removeAdded(id)
    }

    /// Brings back what was added before the agent stopped; what no longer can be made is told.
    package func restoreAdded(broken: (String) -> Void) {
        for definition in around.store.loadAdded(broken: broken) {
            do throws(ConsulError) {
                _ = try add(definition)
            } catch {
                broken("watch \(definition.displayName): \(error)")
            }
        }
    }

    private func all(_ configured: [WatchDefinition], _ added: [String: WatchDefinition])
        -> [(id: String, definition: WatchDefinition)]
    {
        WatchIdentity.names(configured)
            + added.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
