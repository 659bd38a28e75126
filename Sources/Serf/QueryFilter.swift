internal import Wire

/// A condition on the nodes that answer a query: a type byte and MessagePack.
enum QueryFilter: Hashable, Sendable {
    /// The node has one of these names (type 0).
    case nodes([String])
    /// The node's tag contains a match of a regular expression (type 1).
    case tag(String, expression: String)

    private struct TagRecord: Record {
        var tag = ""
        var expression = ""
        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("Tag", &tag)
            try visit.field("Expr", &expression)
        }
    }

    var encoded: [UInt8] {
        var writer = MessagePackWriter()
        switch self {
        case .nodes(let names):
            writer.byte(0)
            names.encode(to: &writer)
        case .tag(let tag, let expression):
            writer.byte(1)
            var record = TagRecord()
            record.tag = tag
            record.expression = expression
            writer.record(record)
        }
        return writer.output
    }

    /// - Returns: nil for an unknown type or other bytes than a filter's.
    init?(encoded: [UInt8]) {
        var reader = MessagePackReader(encoded)
        do {
            switch try reader.byte() {
            case 0:
                var names: [String] = []
                try names.decode(from: &reader)
                self = .nodes(names)
            case 1:
                var record = TagRecord()
                try reader.record(&record)
                self = .tag(record.tag, expression: record.expression)
            default: return nil
            }
        } catch {
            return nil
        }
    }

    /// Returns whether a node answers.
    ///
    /// - Parameter matches: searches a regular expression in a text.
    func admits(
        name: String, tags: [String: String], matches: (_ pattern: String, _ text: String) -> Bool
    ) -> Bool {
        switch self {
        case .nodes(let names): names.contains(name)
        case .tag(let tag, let expression): matches(expression, tags[tag] ?? "")
        }
    }

    /// Returns the filters of a request, encoded; tags in the order of their names.
    static func encode(_ request: QueryRequest) -> [Bytes] {
        var filters: [Bytes] = []
        if !request.nodes.isEmpty {
            filters.append(Bytes(QueryFilter.nodes(request.nodes).encoded))
        }
        for (tag, expression) in request.tags.sorted(by: { $0.key < $1.key }) {
            filters.append(Bytes(QueryFilter.tag(tag, expression: expression).encoded))
        }
        return filters
    }
}
