package import ConsulModel

/// All nodes, as an array.
enum NodesWatch: WatchType {
    static let name = "nodes"
    static let fields: Set<String> = ["filter"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] { [] }

    static func query(_ source: WatchSource) -> WatchQuery {
        .nodes(DCSpecificRequest(source.queryOptions))
    }
}

extension WatchContent {
    package init(nodes: [Node]) {
        self.init(.array(emptyIsNull: false), nodes.map { Item($0.node, $0) })
    }
}
