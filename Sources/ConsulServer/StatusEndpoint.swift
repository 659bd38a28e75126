internal import ConsulModel

/// Who leads, and who takes part.
enum StatusEndpoint {
    static func register(in table: inout EndpointTable) {
        let address = table.configuration.rpcAddress
        table.add(.statusLeader) { address }
        table.add(.statusPeers) { [address] }
    }
}
