package import ConsulModel

/// The members of the datacenter's pool as this agent sees them. The data is an array of members,
/// as of `/v1/agent/members`; joins, departures, failures, changed tags and reaped members are the
/// differences of two states. Beyond Consul. `consul watch` refuses it: the query needs the agent
/// itself.
enum MembersWatch: WatchType {
    static let name = "members"
    static let fields: Set<String> = []

    static func problems(in source: WatchSource) -> [DefinitionProblem] { [] }

    static func query(_ source: WatchSource) -> WatchQuery { .members }
}

extension WatchContent {
    package init(members: [Member]) {
        self.init(.array(emptyIsNull: false), members.map { Item($0.name, $0) })
    }
}
