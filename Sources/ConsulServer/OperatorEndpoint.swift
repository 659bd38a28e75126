internal import ConsulModel
internal import ConsulState
internal import Raft
internal import RaftNode

/// The group of servers, for its operators.
enum OperatorEndpoint {
    static func register(in table: inout EndpointTable) {
        let log = table.log
        let state = table.state
        table.add(.operatorRaftConfiguration) { configuration(log.node.status, state.load()) }
        let datacenter = table.configuration.datacenter
        table.add(.operatorRaftRemovePeer) { request, reply in
            guard request.datacenter.isEmpty || request.datacenter == datacenter else {
                reply(.failure(.noPathToDatacenter))
                return nil
            }
            let servers = log.node.status.configuration.servers
            let found = servers.first {
                request.id.isEmpty ? $0.address == request.address : $0.id == request.id
            }
            guard let found else {
                let (what, name) =
                    request.id.isEmpty ? ("address", request.address) : ("id", request.id)
                reply(
                    .failure(
                        ConsulError(
                            .internal,
                            "\(what) \"\(name)\" was not found in the Raft configuration")))
                return nil
            }
            log.node.change(.remove(id: found.id)) { result in
                reply(result.map { _ in true }.mapError { ConsulError($0) })
            }
            return nil
        }
    }

    private static func configuration(
        _ status: RaftStatus, _ snapshot: Snapshot
    ) -> RaftConfiguration {
        // Its index is 0, as Consul 1.8 has it.
        var answer = RaftConfiguration()
        answer.servers = status.configuration.servers.map { server in
            var shown = RaftServer()
            shown.id = server.id
            shown.node = snapshot.store.catalog.nodeName(ofID: server.id) ?? "(unknown)"
            shown.address = server.address
            shown.isLeader = status.leader?.id == server.id
            shown.isVoter = server.suffrage == .voter
            return shown
        }
        return answer
    }
}
