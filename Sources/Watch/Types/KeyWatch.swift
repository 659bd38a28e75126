package import ConsulModel

/// One key. The data is its entry, or `null` when it is absent.
enum KeyWatch: WatchType {
    static let name = "key"
    static let fields: Set<String> = ["key"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] {
        source.key.isEmpty
            ? [DefinitionProblem("key", "Must specify a single key to watch")] : []
    }

    static func query(_ source: WatchSource) -> WatchQuery {
        .key(KeyRequest(source.key, source.queryOptions))
    }
}

extension WatchContent {
    package init(key entry: KVEntry?) {
        self.init(.single, entry.map { [Item($0.key, $0)] } ?? [])
    }
}
