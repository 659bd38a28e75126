import ConsulModel

/// The names of all services with their tags, as an object.
enum ServicesWatch: WatchType {
    static let name = "services"
    static let fields: Set<String> = []

    static func problems(in source: WatchSource) -> [DefinitionProblem] { [] }

    static func query(_ source: WatchSource) -> WatchQuery {
        .services(DCSpecificRequest(source.queryOptions))
    }
}

extension WatchContent {
    package init(services: [String: [String]]) {
        self.init(
            .object,
            services.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { Item($0.key, $0.value) })
    }
}
