package import ConsulModel

/// The instances of a service with their nodes and checks, as an array.
enum ServiceWatch: WatchType {
    static let name = "service"
    static let fields: Set<String> = ["service", "tag", "passingonly", "filter"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] {
        source.service.isEmpty
            ? [DefinitionProblem("service", "Must specify a single service to watch")] : []
    }

    static func query(_ source: WatchSource) -> WatchQuery {
        var request = ServiceSpecificRequest(source.service, source.queryOptions)
        request.tags = source.tag.values
        request.passingOnly = source.passingOnly
        return .service(request)
    }
}

extension WatchContent {
    package init(instances: [CheckServiceNode]) {
        self.init(
            .array(emptyIsNull: false),
            instances.map { Item("\($0.node.node)/\($0.service.id)", $0) })
    }
}
