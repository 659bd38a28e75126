import ConsulModel

/// A watch of the configuration with faults that a start lives with.
struct WatchFault: Sendable {
    let definition: WatchDefinition
    let reason: String
    /// False when the watch runs beside its fault: its handler's program may come later.
    let keepsFromRunning: Bool

    static func byID(
        _ all: [(id: String, definition: WatchDefinition)], _ held: [[DefinitionProblem]]
    ) -> [String: WatchFault] {
        var faults: [String: WatchFault] = [:]
        for ((id, definition), problems) in zip(all, held) where !problems.isEmpty {
            faults[id] = WatchFault(
                definition: definition,
                reason: problems.map { $0.text }.joined(separator: "; "),
                keepsFromRunning: problems.contains { $0.effect == .holds })
        }
        return faults
    }

    /// The status of a watch that does not run.
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
