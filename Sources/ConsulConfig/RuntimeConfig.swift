package import ConsulModel
package import Wire

/// Everything the agent was told, merged, checked and resolved: a plain value.
package struct RuntimeConfig: Sendable {
    package var devMode = false
    package var node = NodeSettings()
    package var ports = PortSettings()
    /// As given; `listen` has what became of them.
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
    package var sessions = SessionSettings()
    package var remoteExec = RemoteExecRules()

    package var services: [Placed<ServiceDefinition>] = []
    /// Checks outside of services.
    package var checks: [Placed<CheckDefinition>] = []
    package var watches: [Placed<WatchDefinition>] = []
    package var dnsRecords: [Placed<DNSRecordDefinition>] = []

    /// Values of settings on which nothing acts yet, by name, where they differ from their default.
    package internal(set) var stored: [String: any SettingType] = [:]
    /// Where each setting was said, by name, in the order of the sources. A map's keys stand apart:
    /// `node_meta.rack`. Settings at their default are absent.
    package internal(set) var origins: [String: [SourceOrigin]] = [:]

    init() {}

    /// The value of a setting on which nothing acts yet; nil when it was not said, or has another
    /// type.
    package func stored<T: SettingType>(_ name: String, as type: T.Type = T.self) -> T? {
        stored[name] as? T
    }

    subscript<T>(stored setting: StoredSetting<T>) -> T {
        get { stored[setting.name] as? T ?? setting.standard }
        set { stored[setting.name] = newValue }
    }

    /// Settings that were given in a file or by a flag although nothing acts on them yet. The agent
    /// says so once, in one warning.
    package var notActedOn: [(name: String, origin: SourceOrigin)] {
        SettingTable.all.compactMap { setting in
            guard !setting.isActedOn, let origin = origins[setting.name]?.last, origin != .dev,
                isOn(setting)
            else { return nil }
            return (setting.name, origin)
        }
    }

    /// Whether the value asks for something: a port that is turned off does not, nor does the
    /// default of another setting.
    private func isOn(_ setting: Setting) -> Bool {
        let value = setting.shown(self)
        guard setting.name.hasPrefix("ports.") else { return value != setting.standard }
        return (value.integerValue ?? 0) > 0
    }

    /// Whether some file or flag said this setting.
    func isGiven(_ name: String) -> Bool { origins[name]?.contains { $0 != .dev } == true }

    mutating func note(_ origin: SourceOrigin, for name: String) {
        origins[name, default: []].append(origin)
    }
}

/// A definition and where it stands.
package struct Placed<Definition: Record & Hashable & Sendable>: Sendable {
    package var definition: Definition
    package var place: SourcePlace
    /// `services[0]` of that file, or `service`.
    package var path: String
    /// What it was read from, to find the places of its fields.
    let node: SourceNode
    /// The paths of what could not be read in it.
    var faults: [String] = []
    /// Faults that a start lives with, with full paths. Of services and checks only those found
    /// while reading: the registrar judges the rest anew.
    package internal(set) var held: [DefinitionProblem] = []

    /// Whether a problem at this path only follows from what could not be read beside it.
    func isExplained(_ path: String) -> Bool {
        let parent = KeyPathText.parent(of: path)
        return faults.contains { fault in
            let faulty = KeyPathText.parent(of: fault)
            return fault == path || faulty == path[...] || faulty == parent
        }
    }

    /// The place and the full path of one of its fields, `check.interval` or `checks[1].Interval`.
    /// The nearest enclosing value stands in for a field that was not written.
    func location(of field: String) -> (place: SourcePlace, path: String) {
        (node.place(of: field), field.isEmpty ? path : "\(path).\(field)")
    }
}

extension SourceNode {
    /// The place of the key at the end of the path, as far as it exists.
    func place(of path: String) -> SourcePlace {
        var node = self
        var place = self.place
        for step in path.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }) {
            if let index = Int(step), let nodes = node.elements {
                guard nodes.indices.contains(index) else { return place }
                node = nodes[index]
                place = node.place
            } else {
                // A block, see `SourceNode.block`.
                if let nodes = node.elements, nodes.count == 1 { node = nodes[0] }
                let folded = Suggestion.fold(String(step))
                guard let entry = node.entries?.first(where: { Suggestion.fold($0.key) == folded })
                else { return place }
                node = entry.value
                place = entry.place
            }
        }
        return place
    }
}
