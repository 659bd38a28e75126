import ConsulModel
import DNSWire
import Logging
import Primitives

/// Instances of a service that are asked for.
struct ServiceAsk: Sendable {
    let service: String
    let tag: String
    let datacenter: String
    let ask: Ask

    init(_ service: String, tag: String, datacenter: String, _ ask: Ask) {
        self.service = service
        self.tag = tag
        self.datacenter = datacenter
        self.ask = ask
    }

    /// The datacenter as it stands in targets.
    var targetDatacenter: String {
        datacenter.isEmpty ? ask.zone.rules.datacenter : datacenter
    }
}

extension Resolver {
    /// The healthy instances of a service, in a fresh order each time.
    func service(_ service: ServiceAsk, _ done: @escaping @Sendable (Found) -> Void) {
        healthy(service) { [self] result in
            switch result {
            case .failure(let error): done(failed(error, service.ask))
            case .success(let instances):
                if instances.isEmpty { return done(noSuchName(service.ask)) }
                answer(service, instances, done)
            }
        }
    }

    private func healthy(
        _ service: ServiceAsk,
        _ done: @escaping @Sendable (Result<[CheckServiceNode], ConsulError>) -> Void
    ) {
        let zone = service.ask.zone
        var query = NamedQuery(service.service, options(service.datacenter, zone))
        if !service.tag.isEmpty { query.tags = [service.tag] }
        let onlyPassing = zone.rules.onlyPassing
        read(.healthServiceNodes, query, zone) { [self] result in
            switch result {
            case .failure: done(result)
            case .success(var instances):
                instances.removeAll { onlyPassing ? $0.worst != .passing : $0.worst == .critical }
                if instances.count > 1 {
                    var random = random()
                    instances.shuffle(using: &random)
                }
                done(.success(instances))
            }
        }
    }

    private func answer(
        _ service: ServiceAsk, _ instances: [CheckServiceNode],
        _ done: @escaping @Sendable (Found) -> Void
    ) {
        let ask = service.ask
        let maker = RecordMaker(service)
        let places = instances.map { maker.place($0) }
        var names: [DNSName] = []
        for case .name(let name)? in places
        where !names.contains(name) && names.count < Limits.chasedNamesMax { names.append(name) }
        // Behind addresses a name is not told; of several names only the first is.
        if ask.type != .srv, !names.isEmpty {
            let hasAddress = places.contains {
                if case .address(let data, _)? = $0 { return maker.suits(data) }
                return false
            }
            names = hasAddress ? [] : [names[0]]
        }
        chase(names[...], ask, [:]) { [self] chased in
            var found = Found()
            found.isOfService = true
            if ask.type == .srv {
                maker.serviceRecords(instances, places, chased, into: &found)
            } else {
                maker.addressRecords(places, chased, into: &found)
            }
            if found.answers.isEmpty { found.authorities = [soa(ask.zone)] }
            done(found)
        }
    }

    // MARK: The zone's servers

    /// Up to three servers as NS records, with their addresses.
    func nameServers(
        _ zone: Zone, _ done: @escaping @Sendable ([ResourceRecord], [ResourceRecord]) -> Void
    ) {
        let ask = Ask(name: zone.domain, type: .any, hasEDNS: false, zone: zone)
        healthy(ServiceAsk("consul", tag: "", datacenter: "", ask)) { [self] result in
            guard case .success(let servers) = result else { return done([], []) }
            if servers.isEmpty { logger.warning("no servers found") }
            var records: [ResourceRecord] = []
            var glue: [ResourceRecord] = []
            for server in servers where records.count < Limits.nameServersMax {
                guard Self.isHostName(server.node.node),
                    let name = zone.name([
                        server.node.node.lowercased(), "node", zone.rules.datacenter,
                    ])
                else {
                    logger.warning(
                        "skipping invalid node for NS records",
                        metadata: ["node": "\(server.node.node)"])
                    continue
                }
                records.append(ResourceRecord(zone.domain, ttl: zone.nodeTTL, .ns(name)))
                if let data = AddressText.data(server.node.address) {
                    glue.append(ResourceRecord(name, ttl: zone.nodeTTL, data))
                }
            }
            done(records, glue)
        }
    }

    private static func isHostName(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0) || $0 == 0x2D
        }
    }
}
