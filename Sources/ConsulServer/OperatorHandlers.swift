internal import ConsulModel
internal import ConsulState
internal import Raft
internal import RaftNode

/// Holds the handlers of the calls about the group of servers.
enum OperatorHandlers {
    static func register(in table: inout EndpointTable) {
        let log = table.log
        let state = table.state
        table.add(
            .operatorRaftConfiguration, value: { configuration(log.node.status, state.load()) })
        table.add(.operatorRaftRemovePeerByAddress, answering: { request, reply in
            remove(
                log.node.status.configuration.servers.first { $0.address == request.address },
                missing: "address \"\(request.address)\"", log, reply)
        })
        table.add(.operatorRaftRemovePeerByID, answering: { request, reply in
            remove(
                log.node.status.configuration.servers.first { $0.id == request.id },
                missing: "id \"\(request.id)\"", log, reply)
        })
    }

    private static func remove(
        _ found: Server?, missing name: String, _ log: RaftLog,
        _ reply: @escaping Reply<EmptyReply>
    ) {
        guard let found else {
            let text = "\(name) was not found in the Raft configuration"
            return reply(.failure(ConsulError(.internal, text)))
        }
        log.node.change(.remove(id: found.id)) { result in
            reply(result.map { _ in EmptyReply() }.mapError { ConsulError($0) })
        }
    }

    private static func configuration(
        _ status: RaftStatus, _ view: StateView
    ) -> RaftConfiguration {
        // The index is 0, as in Consul 1.8.
        var answer = RaftConfiguration()
        answer.servers = status.configuration.servers.map { server in
            var shown = RaftServer()
            shown.id = server.id
            shown.node = view.store.catalog.nodeName(ofID: server.id) ?? "(unknown)"
            shown.address = server.address
            shown.isLeader = status.leader?.id == server.id
            shown.isVoter = server.suffrage == .voter
            return shown
        }
        return answer
    }
}
