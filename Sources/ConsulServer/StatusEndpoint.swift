internal import ConsulModel
internal import Raft
internal import RaftNode

/// The calls about leader and servers.
enum StatusEndpoint {
    static func register(in table: inout EndpointTable) {
        let log = table.log
        table.add(.statusLeader, value: { log.node.status.leader?.address ?? "" })
        table.add(
            .statusPeers, value: { log.node.status.configuration.servers.map(\.address) })
    }
}
