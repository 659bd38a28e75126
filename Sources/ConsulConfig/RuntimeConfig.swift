package import ConsulModel
package import Wire

/// The whole configuration of an agent, merged, checked and resolved: a plain value.
package struct RuntimeConfig: Sendable {
    package var devMode = false
    package var node = NodeSettings()
    package var ports = PortSettings()
    /// The addresses as given; `listen` has the resolved ones.
    package var addresses = AddressSettings()
    package var listen = ListenAddresses()
    package var logging = LoggingSettings()
    package var limits = LimitSettings()
    package var checkRules = CheckSettings()
    package var tls = TLSFileSettings()
    package var dns = DNSSettings()
    package var telemetry = TelemetrySettings()
    package var ui = UISettings()
    package var raft = RaftSettings()
    package var gossip = GossipSettings()
    package var sessions = SessionSettings()
    package var remoteExec = RemoteExecRules()

    package var services: [Placed<ServiceDefinition>] = []
    /// Checks outside of services.
    package var checks: [Placed<CheckDefinition>] = []
    package var watches: [Placed<WatchDefinition>] = []
    package var dnsRecords: [Placed<DNSRecordDefinition>] = []

    /// The values of settings without effect yet, by name, where they differ from their default.
    package internal(set) var stored: [String: any SettingType] = [:]
    /// The origin of each setting by name, in the order of the sources. A map's keys are separate:
    /// `node_meta.rack`. Settings at their default are absent.
    package internal(set) var origins: [String: [SourceOrigin]] = [:]

    init() {}

    /// Returns the value of a setting without effect yet; nil when it was not given, or has another
    /// type.
    package func stored<T: SettingType>(_ name: String, as type: T.Type = T.self) -> T? {
        stored[name] as? T
    }

    subscript<T>(stored setting: StoredSetting<T>) -> T {
        get { stored[setting.name] as? T ?? setting.standard }
        set { stored[setting.name] = newValue }
    }

    /// The settings that were given in a file or by a flag although they have no effect yet. The
    /// agent logs them once, in one warning.
    package var notActedOn: [(name: String, origin: SourceOrigin)] {
        SettingTable.all.compactMap { setting in
            guard !setting.isActedOn, let origin = origins[setting.name]?.last, origin != .dev,
                isOn(setting)
            else { return nil }
            return (setting.name, origin)
        }
    }

    /// Whether the value requests something: a disabled port does not, nor does the default of
    /// another setting.
    private func isOn(_ setting: Setting) -> Bool {
        let value = setting.shown(self)
        guard setting.name.hasPrefix("ports.") else { return value != setting.standard }
        return (value.integerValue ?? 0) > 0
    }

    /// Returns whether a file or flag gave this setting.
    func isGiven(_ name: String) -> Bool { origins[name]?.contains { $0 != .dev } == true }

    mutating func note(_ origin: SourceOrigin, for name: String) {
        origins[name, default: []].append(origin)
    }
}

/// A definition and its position.
package struct Placed<Definition: Record & Hashable & Sendable>: Sendable {
    package var definition: Definition
    package var position: SourcePosition
    /// `services[0]` of that file, or `service`.
    package var path: String
    /// The value that it was read from, for the positions of its fields.
    let node: SourceNode
    /// The paths of its unreadable parts.
    var faults: [String] = []
    /// Faults that do not prevent a start, with full paths. For services and checks only those
    /// found while reading: the registrar finds the others itself.
    package internal(set) var tolerated: [DefinitionProblem] = []

    /// Returns whether a problem at this path only follows from an unreadable part.
    func isExplained(_ path: String) -> Bool {
        let parent = KeyPathText.parent(of: path)
        return faults.contains { fault in
            let faulty = KeyPathText.parent(of: fault)
            return fault == path || faulty == path[...] || faulty == parent
        }
    }

    /// Returns the position and the full path of a field, `check.interval` or `checks[1].Interval`.
    /// For a missing field, the position is that of the nearest enclosing value.
    func location(of field: String) -> (position: SourcePosition, path: String) {
        (node.position(of: field), field.isEmpty ? path : "\(path).\(field)")
    }
}

extension SourceNode {
    /// Returns the position of the key at the end of the path, as far as it exists.
    func position(of path: String) -> SourcePosition {
        var node = self
        var position = self.position
        for step in path.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }) {
            if let index = Int(step), let nodes = node.elements {
                guard nodes.indices.contains(index) else { return position }
                node = nodes[index]
                position = node.position
            } else {
                // A block, see `SourceNode.block`.
                if let nodes = node.elements, nodes.count == 1 { node = nodes[0] }
                let folded = Suggestion.fold(String(step))
                guard let entry = node.entries?.first(where: { Suggestion.fold($0.key) == folded })
                else { return position }
                node = entry.value
                position = entry.position
            }
        }
        return position
    }
}
