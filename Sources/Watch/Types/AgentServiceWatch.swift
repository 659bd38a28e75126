import ConsulModel
package import Wire

/// One service as registered with this agent. `consul watch` refuses it: the query needs the agent
/// itself.
enum AgentServiceWatch: WatchType {
    static let name = "agent_service"
    static let fields: Set<String> = ["service_id"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] {
        source.serviceID.isEmpty
            ? [DefinitionProblem("service_id", "Must specify a single service ID to watch")] : []
    }

    static func query(_ source: WatchSource) -> WatchQuery {
        .agentService(id: source.serviceID)
    }
}

extension WatchContent {
    package init<Service: WireValue>(agentService service: Service?, id: String) {
        self.init(.single, service.map { [Item(id, $0)] } ?? [])
    }
}
