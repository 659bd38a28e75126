package import ConsulModel

/// Questions of other members (`consul query NAME`). The data is an array of one question; the
/// handler's output is this node's answer. Beyond Consul. `consul watch` refuses it: the answer
/// needs the agent itself.
enum QueryWatch: WatchType {
    static let name = "query"
    static let fields: Set<String> = ["name"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] {
        source.name.isEmpty
            ? [DefinitionProblem("name", "Must specify the name of the query to answer")] : []
    }

    static func query(_ source: WatchSource) -> WatchQuery { .question(name: source.name) }
}
