package import Wire

/// The result of a job on all nodes, for `-format=json`.
package struct ExecReport: Record, Hashable, Sendable {
    package var nodes: [NodeReport] = []
    package var acknowledged = 0
    package var completed = 0
    /// Nodes that were named and did not report.
    package var missing: [String] = []
    /// Nodes whose batch was not started.
    package var skipped: [String] = []
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Nodes", &nodes)
        try visit.field("Acknowledged", &acknowledged)
        try visit.field("Completed", &completed)
        try visit.field("Missing", &missing)
        try visit.field("Skipped", &skipped)
    }

    package var hasFailed: Bool {
        completed < acknowledged || !missing.isEmpty || !skipped.isEmpty
            || nodes.contains { ($0.exitCode ?? 0) != 0 }
    }

    mutating func add(_ other: ExecReport) {
        nodes += other.nodes
        acknowledged += other.acknowledged
        completed += other.completed
        missing += other.missing
    }
}

/// The report of one node.
package struct NodeReport: Record, Hashable, Sendable {
    package var node = ""
    /// Null when the node did not report its end.
    package var exitCode: Int?
    package var output = ""
    package init() {}
    init(node: String) { self.node = node }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("ExitCode", &exitCode)
        try visit.field("Output", &output)
    }
}
