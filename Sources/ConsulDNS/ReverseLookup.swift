import ConsulModel
import DNSWire

extension Resolver {
    /// Finds the node with an address, else the service with it, else asks the recursors. Consul
    /// ignores the type here: a pointer answers every type.
    func answerReverse(_ query: DNSQuery, _ done: @escaping Done) {
        guard let address = NameParser.reverse(query.question.name) else {
            return recurse(query, done)
        }
        let zone = query.zone
        read(.catalogListNodes, DCSpecificRequest(options("", zone)), zone) { [self] result in
            let nodes = (try? result.get()) ?? []
            if let node = nodes.first(where: { AddressText.data($0.address) == address }) {
                return point(to: node.node, "node", query, done)
            }
            let request = DCSpecificRequest(options("", zone))
            read(.catalogListServices, request, zone) { [self] result in
                let names = ((try? result.get()) ?? [:]).keys.sorted()
                look(for: address, among: names[...], query, done)
            }
        }
    }

    private func look(
        for address: RecordData, among names: ArraySlice<String>, _ query: DNSQuery,
        _ done: @escaping Done
    ) {
        guard let name = names.first else { return recurse(query, done) }
        let zone = query.zone
        let request = ServiceSpecificRequest(name, options("", zone))
        read(.catalogServiceNodes, request, zone) { [self] result in
            let instances = (try? result.get()) ?? []
            if instances.contains(where: { AddressText.data($0.service.address) == address }) {
                return point(to: name, "service", query, done)
            }
            look(for: address, among: names.dropFirst(), query, done)
        }
    }

    private func point(
        to name: String, _ kind: String, _ query: DNSQuery, _ done: @escaping Done
    ) {
        var reply = query.reply()
        let labels = name.split(separator: ".").map(String.init)
        if let target = query.zone.name(labels + [kind, query.zone.rules.datacenter]) {
            reply.message.answers = [
                ResourceRecord(query.question.name, ttl: 0, .ptr(target))
            ]
        }
        if query.question.type == .soa { reply.message.authorities = [soa(query.zone)] }
        done(reply)
    }
}
