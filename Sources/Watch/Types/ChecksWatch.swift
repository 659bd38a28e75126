package import ConsulModel

/// The checks of a service, or all in a state (`any` unless given), as an array.
enum ChecksWatch: WatchType {
    static let name = "checks"
    static let fields: Set<String> = ["service", "state", "filter"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] {
        if !source.service.isEmpty, !source.state.isEmpty {
            return [DefinitionProblem("state", "Cannot specify service and state")]
        }
        let states = ["", "any", "passing", "warning", "critical"]
        if !states.contains(source.state) {
            return [
                DefinitionProblem(
                    "state",
                    "unknown state \"\(source.state)\": use any, passing, warning or critical")
            ]
        }
        return []
    }

    static func query(_ source: WatchSource) -> WatchQuery {
        if !source.service.isEmpty {
            return .serviceChecks(ServiceSpecificRequest(source.service, source.queryOptions))
        }
        let state = source.state.isEmpty ? "any" : source.state
        return .checksInState(ChecksInStateRequest(state, source.queryOptions))
    }
}

extension WatchContent {
    package init(checks: [HealthCheck]) {
        self.init(
            .array(emptyIsNull: false), checks.map { Item("\($0.node)/\($0.checkID)", $0) })
    }
}
