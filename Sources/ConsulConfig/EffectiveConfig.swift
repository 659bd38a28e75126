import ConsulModel
import Primitives
import Wire

/// One line of the effective configuration.
package struct EffectiveValue: Hashable, Sendable, CustomStringConvertible {
    /// `ports.http`, `node_meta.rack`, `services[0]`.
    package var path: String
    /// As JSON; secrets are redacted.
    package var value: String
    /// `default`, `-dev`, `config.d/a.yaml:3:1`, `-log-level`; several with commas for a list that
    /// was appended to.
    package var source: String

    package var description: String { "\(path) = \(value)  # \(source)" }
}

extension RuntimeConfig {
    /// Returns every setting, then the definitions, each with its value and its source.
    package var effective: [EffectiveValue] {
        SettingTable.all.flatMap { rows(of: $0) } + rows("services", services)
            + rows("checks", checks) + rows("watches", watches)
            + rows("dns_records", dnsRecords)
    }

    private func rows(of setting: Setting) -> [EffectiveValue] {
        let value = setting.shown(self)
        if case .object(let map) = value, !map.isEmpty, !setting.isSecret {
            return map.keys.sorted().map { key in
                let path = "\(setting.name).\(key)"
                return EffectiveValue(
                    path: path, value: setting.text(map[key] ?? .null),
                    source: source(path, or: setting.name))
            }
        }
        return [
            EffectiveValue(
                path: setting.name, value: setting.text(value), source: source(setting.name))
        ]
    }

    private func source(_ path: String, or other: String? = nil) -> String {
        let found = origins[path] ?? other.flatMap { origins[$0] } ?? [.standard]
        return found.map { $0.description }.joined(separator: ", ")
    }

    private func rows<D>(_ name: String, _ placed: [Placed<D>]) -> [EffectiveValue] {
        placed.enumerated().map { index, one in
            EffectiveValue(
                path: "\(name)[\(index)]",
                value: String(
                    decoding: JSONWriter.encode(
                        Redaction.json(JSONTree.of(one.definition))),
                    as: UTF8.self),
                source: one.place.description)
        }
    }
}
