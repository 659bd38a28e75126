/// The nodes that run at the same time, named one by one; an empty list means all nodes that the
/// filters match.
struct Batch: Hashable, Sendable {
    var nodes: [String] = []

    /// A regular expression for these names and no others.
    var filter: String { "^(\(nodes.map(Self.escaped).joined(separator: "|")))$" }

    /// Splits the nodes into batches of at most `size`, each no longer than an event's filter can
    /// name.
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
