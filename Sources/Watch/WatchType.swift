package import ConsulModel

/// A type of watch: the fields of its source, and its query. One file per type in `Types`.
package protocol WatchType: Sendable {
    static var name: String { get }
    /// The type's own fields, in addition to `type`, `datacenter`, `token` and `stale`, in the
    /// snake case of configuration files.
    static var fields: Set<String> { get }
    /// Returns the faults other than unknown fields.
    static func problems(in source: WatchSource) -> [DefinitionProblem]
    static func query(_ source: WatchSource) -> WatchQuery
}

package enum WatchTypes {
    /// All types, in the order of Consul's documentation.
    package static var all: [any WatchType.Type] {
        [
            KeyWatch.self, KeyPrefixWatch.self, ServicesWatch.self, NodesWatch.self,
            ServiceWatch.self, ChecksWatch.self, EventWatch.self, AgentServiceWatch.self,
            MembersWatch.self, QueryWatch.self,
        ]
    }

    package static func named(_ name: String) -> (any WatchType.Type)? {
        all.first { $0.name == name }
    }
}

extension WatchSource {
    /// The options shared by every query of this source.
    var queryOptions: QueryOptions {
        var options = QueryOptions()
        options.datacenter = datacenter
        options.token = token
        options.filter = filter
        options.consistency = stale ? .stale : .standard
        return options
    }

    /// The fields with a value, by their names in configuration files.
    var fieldsGiven: [String] {
        var given: [String] = []
        if !key.isEmpty { given.append("key") }
        if !prefix.isEmpty { given.append("prefix") }
        if !service.isEmpty { given.append("service") }
        if !tag.values.isEmpty { given.append("tag") }
        if passingOnly { given.append("passingonly") }
        if !state.isEmpty { given.append("state") }
        if !name.isEmpty { given.append("name") }
        if !serviceID.isEmpty { given.append("service_id") }
        if !filter.isEmpty { given.append("filter") }
        return given
    }

    /// The query of this source; nil when its type is not known.
    package var query: WatchQuery? { WatchTypes.named(type)?.query(self) }
}
