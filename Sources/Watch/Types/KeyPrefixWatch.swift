package import ConsulModel

/// All keys under a prefix. The data is an array of entries, or `null` when there are none.
enum KeyPrefixWatch: WatchType {
    static let name = "keyprefix"
    static let fields: Set<String> = ["prefix"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] {
        source.prefix.isEmpty
            ? [DefinitionProblem("prefix", "Must specify a single prefix to watch")] : []
    }

    static func query(_ source: WatchSource) -> WatchQuery {
        .keyPrefix(KeyRequest(source.prefix, source.queryOptions))
    }
}

extension WatchContent {
    package init(keyPrefix entries: [KVEntry]) {
        self.init(.array(emptyIsNull: true), entries.map { Item($0.key, $0) })
    }
}
