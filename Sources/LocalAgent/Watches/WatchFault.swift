import ConsulModel

/// The faults of one of the configuration's watches that do not prevent the agent's start.
struct WatchFault: Sendable {
    let definition: WatchDefinition
    let reason: String
    /// False when the watch runs in spite of its fault: its handler's program may be installed
    /// later.
    let preventsRunning: Bool

    static func byID(
        _ all: [(id: String, definition: WatchDefinition)], _ tolerated: [[DefinitionProblem]]
    ) -> [String: WatchFault] {
        var faults: [String: WatchFault] = [:]
        for ((id, definition), problems) in zip(all, tolerated) where !problems.isEmpty {
            faults[id] = WatchFault(
                definition: definition,
                reason: problems.map { $0.text }.joined(separator: "; "),
                preventsRunning: problems.contains { $0.effect == .disables })
        }
        return faults
    }

    /// Returns the status of a watch that does not run.
    func status(of id: String) -> WatchStatus {
        var status = WatchStatus()
        status.id = id
        status.type = definition.displayType
        status.state = "failed"
        status.handler = definition.handlerType.isEmpty ? "script" : definition.handlerType
        status.error = reason
        status.definition = definition
        return status
    }
}

extension WatchDefinition {
    var displayType: String { anyOf.isEmpty ? source.type : "any_of" }
}
