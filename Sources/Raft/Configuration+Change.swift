extension Configuration {
    /// Returns the group after one change. It differs by one voter at most, so that any majority of
    /// the one and any of the other have a server in common (thesis, 4.1).
    func applying(_ change: ConfigurationChange) throws(RaftError) -> Configuration {
        var next = self
        switch change {
        case .addNonvoter(let id, let address):
            try next.put(id, address, .nonvoter)
        case .addVoter(let id, let address):
            try next.put(id, address, .voter)
        case .promote(let id):
            next.servers[try slot(of: id)].suffrage = .voter
        case .demote(let id):
            next.servers[try slot(of: id)].suffrage = .nonvoter
        case .remove(let id):
            next.servers.remove(at: try slot(of: id))
        case .setAddress(let id, let address):
            let slot = try slot(of: id)
            try next.refuse(address, unlessOf: id)
            next.servers[slot].address = address
        }
        if next.voters.isEmpty { throw .noVoterLeft }
        return next
    }

    /// Checks the first configuration of a group.
    func checkAsFirst(for id: ServerID) throws(RaftError) {
        var ids: Set<ServerID> = []
        var addresses: Set<String> = []
        for server in servers {
            if !ids.insert(server.id).inserted { throw .duplicateServer(server.id) }
            if !addresses.insert(server.address).inserted {
                throw .addressTaken(server.address)
            }
        }
        if !isVoter(id) { throw .notAVoter(id) }
    }

    private func slot(of id: ServerID) throws(RaftError) -> Int {
        guard let slot = servers.firstIndex(where: { $0.id == id }) else {
            throw .noSuchServer(id)
        }
        return slot
    }

    private func refuse(_ address: String, unlessOf id: ServerID) throws(RaftError) {
        if servers.contains(where: { $0.address == address && $0.id != id }) {
            throw .addressTaken(address)
        }
    }

    private mutating func put(
        _ id: ServerID, _ address: String, _ suffrage: Suffrage
    ) throws(RaftError) {
        try refuse(address, unlessOf: id)
        guard let slot = servers.firstIndex(where: { $0.id == id }) else {
            servers.append(Server(id: id, address: address, suffrage: suffrage))
            return
        }
        servers[slot].address = address
        if suffrage == .voter { servers[slot].suffrage = .voter }
    }
}
