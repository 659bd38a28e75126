internal import ConsulModel
internal import Raft
internal import RaftNode

/// Holds the handlers of the calls about leader and servers.
enum StatusHandlers {
    static func register(in table: inout EndpointTable) {
        let log = table.log
        table.add(.statusLeader, value: { log.node.status.leader?.address ?? "" })
        table.add(
            .statusPeers, value: { log.node.status.configuration.servers.map(\.address) })
    }
}
