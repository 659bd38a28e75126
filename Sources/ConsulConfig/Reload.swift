package import ConsulModel
import Primitives
import Wire

/// The changes of a reload: settings, and definitions by identity.
package struct ConfigDifference: Sendable {
    package struct SettingChange: Sendable, CustomStringConvertible {
        package var name: String
        /// As JSON; secrets are redacted.
        package var old: String
        package var new: String
        /// False when the new value needs a restart.
        package var takesEffect: Bool
        package var origin: SourceOrigin

        package var description: String {
            let effect = takesEffect ? "" : " (needs a restart)"
            return "\(name): \(old) -> \(new)\(effect)"
        }
    }

    /// The definitions of one kind, by ID, in the order of the new configuration (removed ones in
    /// that of the old).
    package struct DefinitionChanges: Sendable, Equatable {
        package var added: [String] = []
        package var removed: [String] = []
        package var changed: [String] = []
        package var unchanged: [String] = []
        package var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
    }

    package var settings: [SettingChange] = []
    package var services: DefinitionChanges
    package var checks: DefinitionChanges
    package var watches: DefinitionChanges
    /// Identified by name and type.
    package var dnsRecords: DefinitionChanges

    /// The settings whose new values take effect.
    package var applied: [SettingChange] { settings.filter { $0.takesEffect } }
    /// The settings whose new values are ignored until a restart.
    package var waiting: [SettingChange] { settings.filter { !$0.takesEffect } }
    package var isEmpty: Bool {
        settings.isEmpty && services.isEmpty && checks.isEmpty && watches.isEmpty
            && dnsRecords.isEmpty
    }

    package init(from old: RuntimeConfig, to new: RuntimeConfig) {
        for setting in SettingTable.all {
            let before = setting.shown(old)
            let after = setting.shown(new)
            guard before != after else { continue }
            settings.append(
                SettingChange(
                    name: setting.name, old: setting.text(before), new: setting.text(after),
                    takesEffect: setting.reloads,
                    origin: new.origins[setting.name]?.last ?? .standard))
        }
        services = Self.changes(
            old.services.map { ($0.definition.effectiveID, $0.definition) },
            new.services.map { ($0.definition.effectiveID, $0.definition) })
        checks = Self.changes(
            old.checks.map { ($0.definition.effectiveID, $0.definition) },
            new.checks.map { ($0.definition.effectiveID, $0.definition) })
        watches = Self.changes(
            WatchIdentity.names(old.watches.map { $0.definition }),
            WatchIdentity.names(new.watches.map { $0.definition }))
        dnsRecords = Self.changes(
            old.dnsRecords.map { ($0.definition.identity, $0.definition) },
            new.dnsRecords.map { ($0.definition.identity, $0.definition) })
    }

    private static func changes<D: Hashable>(
        _ old: [(id: String, definition: D)], _ new: [(id: String, definition: D)]
    ) -> DefinitionChanges {
        var changes = DefinitionChanges()
        let before = Dictionary(old.map { ($0.id, $0.definition) }) { first, _ in first }
        let after = Set(new.map { $0.id })
        for (id, definition) in new {
            switch before[id] {
            case nil: changes.added.append(id)
            case definition?: changes.unchanged.append(id)
            default: changes.changed.append(id)
            }
        }
        changes.removed = old.map { $0.id }.filter { !after.contains($0) }
        return changes
    }

    /// The report of a reload: one line for each change, restarts last; empty when nothing changed.
    package var report: [String] {
        var lines = applied.map { "setting \($0)" }
        let definitions = [
            ("service", services), ("check", checks), ("watch", watches),
            ("DNS record", dnsRecords),
        ]
        for (kind, changes) in definitions {
            lines += changes.added.map { "\(kind) \($0): added" }
            lines += changes.changed.map { "\(kind) \($0): changed" }
            lines += changes.removed.map { "\(kind) \($0): removed" }
        }
        return lines + waiting.map { "setting \($0)" }
    }
}

extension CheckDefinition {
    /// The ID of a check outside of services: its name, unless another was given.
    package var effectiveID: String { id.isEmpty ? name : id }
}

extension RuntimeConfig {
    /// Returns the configuration after a reload: the definitions and the reloadable settings of
    /// `new`, all else as at the start.
    package func reloaded(with new: RuntimeConfig) -> RuntimeConfig {
        var config = self
        config.services = new.services
        config.checks = new.checks
        config.watches = new.watches
        config.dnsRecords = new.dnsRecords
        for setting in SettingTable.all where setting.reloads {
            setting.copy(new, &config)
            let prefix = setting.name + "."
            config.origins = config.origins.filter {
                $0.key != setting.name && !$0.key.hasPrefix(prefix)
            }
            for (path, origin) in new.origins
            where path == setting.name || path.hasPrefix(prefix) {
                config.origins[path] = origin
            }
        }
        return config
    }
}

extension Setting {
    /// Prints a value as JSON, or a substitute for a secret.
    func text(_ value: JSONValue) -> String {
        if isSecret {
            switch value {
            case .null, .string(""): break
            default: return "\"hidden\""
            }
        }
        return String(decoding: JSONWriter.encode(Redaction.json(value)), as: UTF8.self)
    }
}
