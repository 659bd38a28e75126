internal import ConsulModel
internal import Raft
internal import RaftNode

/// Who leads, and who takes part.
enum StatusEndpoint {
    static func register(in table: inout EndpointTable) {
        let log = table.log
        table.add(.statusLeader) { log.node.status.leader?.address ?? "" }
        table.add(.statusPeers) { log.node.status.configuration.servers.map(\.address) }
    }
}
