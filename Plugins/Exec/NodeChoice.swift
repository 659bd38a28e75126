import ConsulClient
import ConsulModel

/// Selects the nodes where the caller must name them: the living members that the filters match, in
/// the order of their names.
struct NodeChoice {
    private let options: ExecOptions
    private let client: ConsulClient

    init(_ options: ExecOptions, _ client: ConsulClient) {
        self.options = options
        self.client = client
    }

    func nodes() async throws(ConsulClientError) -> [String] {
        let meta = options.nodeMeta.sorted { $0.key < $1.key }
            .map { ("node-meta", "\($0.key):\($0.value)") }
        let alive = Set(
            try await client.members().filter { $0.status == Member.Status.alive.rawValue }
                .map { $0.name })
        var names = Set(try await client.catalogNodes(meta).map { $0.node })
            .filter { alive.contains($0) }
        if !options.node.isEmpty {
            let pattern = try pattern(options.node)
            names = names.filter { pattern.matches($0) }
        }
        if !options.service.isEmpty { names.formIntersection(try await nodesOfServices()) }
        let sorted = names.sorted()
        return options.limit.map { Array(sorted.prefix($0)) } ?? sorted
    }

    /// Returns the nodes with an instance whose service and one of whose tags match.
    private func nodesOfServices() async throws(ConsulClientError) -> Set<String> {
        let service = try pattern(options.service)
        let tag = options.tag.isEmpty ? nil : try pattern(options.tag)
        var found: Set<String> = []
        for name in try await client.catalogServices().keys where service.matches(name) {
            for instance in try await client.catalogService(name)
            where tag.map({ tag in instance.service.tags.contains { tag.matches($0) } }) ?? true {
                found.insert(instance.node.node)
            }
        }
        return found
    }

    private func pattern(_ text: String) throws(ConsulClientError) -> TextPattern {
        do throws(TextPattern.Fault) {
            return try TextPattern(text)
        } catch {
            throw ConsulClientError("\(error)")
        }
    }
}
