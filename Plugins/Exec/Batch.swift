/// Nodes that run at the same time, named one by one; none of them: whoever the filters mean.
struct Batch: Hashable, Sendable {
    var nodes: [String] = []

    /// A regular expression for these names and no others.
    var filter: String { "^(\(nodes.map(Self.escaped).joined(separator: "|")))$" }

    /// At most `size` in a batch, and no more than an event can name.
    static func plan(_ nodes: [String], size: Int) -> [Batch] {
        var batches: [Batch] = []
        for node in nodes {
            if var last = batches.popLast() {
                batches.append(last)
                last.nodes.append(node)
                if last.nodes.count <= size, last.filter.utf8.count <= Limits.filterBytesMax {
                    batches[batches.count - 1] = last
                    continue
                }
            }
            batches.append(Batch(nodes: [node]))
        }
        return batches
    }

    private static func escaped(_ name: String) -> String {
        var text = ""
        for character in name {
            if #"\.+*?()|[]{}^$"#.contains(character) { text.append("\\") }
            text.append(character)
        }
        return text
    }
}
