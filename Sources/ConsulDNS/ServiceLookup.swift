import ConsulModel
import DNSWire
import Logging
import Primitives

/// The requested instances of a service.
struct ServiceAsk: Sendable {
    let service: String
    let tag: String
    let datacenter: String
    /// The instances through which the mesh reaches the service.
    let isMesh: Bool
    /// Only instances at this port, or with this tag.
    let port: Int?
    let ask: Ask

    init(
        _ service: String, tag: String = "", datacenter: String = "", isMesh: Bool = false,
        port: Int? = nil, _ ask: Ask
    ) {
        self.service = service
        self.tag = tag
        self.datacenter = datacenter
        self.isMesh = isMesh
        self.port = port
        self.ask = ask
    }

    /// The datacenter's label in targets.
    var targetDatacenter: String {
        datacenter.isEmpty ? ask.zone.rules.datacenter : datacenter
    }
}

extension ServiceAsk {
    /// Returns whether an instance is healthy enough, and at the requested port.
    func wants(_ instance: CheckServiceNode) -> Bool {
        let worst = instance.worst
        guard ask.zone.rules.onlyPassing ? worst == .passing : worst != .critical else {
            return false
        }
        guard let port else { return true }
        return instance.service.port == port
            || instance.service.tags.contains { $0.lowercased() == tag }
    }
}

extension Resolver {
    /// Looks up the healthy instances of a service, in a new order each time.
    func service(_ service: ServiceAsk, _ done: @escaping @Sendable (Found) -> Void) {
        ordered(service) { [self] result in
            switch result {
            case .failure(let error): done(failed(error, service.ask))
            case .success(let found):
                if found.value.isEmpty { return missing(service, done) }
                answer(service, found, done)
            }
        }
    }

    /// Answers when no instance matches. The name may still be above others: `_tcp.service`, or the
    /// end of a tag with dots.
    private func missing(_ service: ServiceAsk, _ done: @escaping @Sendable (Found) -> Void) {
        let ask = service.ask
        if service.tag.isEmpty || service.isMesh {
            let isTransport = service.service.hasPrefix("_") && !service.isMesh
            return done(isTransport ? noRecords(ask) : noSuchName(ask))
        }
        let query = ServiceSpecificRequest(service.service, options(service.datacenter, ask.zone))
        read(.healthServiceNodes, query, ask.zone) { [self] result in
            guard case .success(let all) = result else { return done(noSuchName(ask)) }
            let end = "." + service.tag
            let isAbove = all.contains { instance in
                instance.service.tags.contains { $0.lowercased().hasSuffix(end) }
            }
            done(isAbove ? noRecords(ask) : noSuchName(ask))
        }
    }

    func healthy(
        _ service: ServiceAsk,
        _ done: @escaping @Sendable (Result<[CheckServiceNode], ConsulError>) -> Void
    ) {
        ordered(service) { done($0.map { $0.value }) }
    }

    private func ordered(
        _ service: ServiceAsk,
        _ done: @escaping @Sendable (Result<IndexedCheckServiceNodes, ConsulError>) -> Void
    ) {
        let zone = service.ask.zone
        var query = ServiceSpecificRequest(service.service, options(service.datacenter, zone))
        query.connect = service.isMesh
        if !service.tag.isEmpty, service.port == nil { query.tags = [service.tag] }
        if zone.rules.answerOrder == .near {
            query.options.source.node = zone.rules.nodeName
            query.options.source.ip = service.ask.nearAddress ?? ""
        }
        readIndexed(.healthServiceNodes, query, zone) { [self] result in
            switch result {
            case .failure: done(result)
            case .success(var found):
                found.value.removeAll { !service.wants($0) }
                AnswerOrder.arrange(
                    &found.value, zone, isByRoundTrip: found.meta.isByRoundTrip
                ) { random() }
                done(.success(found))
            }
        }
    }

    private func answer(
        _ service: ServiceAsk, _ ordered: IndexedCheckServiceNodes,
        _ done: @escaping @Sendable (Found) -> Void
    ) {
        let (ask, instances) = (service.ask, ordered.value)
        let maker = RecordMaker(service)
        let places = instances.map { maker.place($0) }
        var names: [DNSName] = []
        for case .name(let name)? in places
        where !names.contains(name) && names.count < Limits.chasedNamesMax { names.append(name) }
        // With addresses, no name is returned; of several names only the first is.
        if ask.type != .srv, !names.isEmpty {
            let hasAddress = places.contains {
                if case .address(let data, _)? = $0 { return maker.suits(data) }
                return false
            }
            names = hasAddress ? [] : [names[0]]
        }
        let isPlain = names.isEmpty
        chase(names[...], ask, [:]) { [self] chased in
            var found = Found()
            found.isOfService = true
            if ask.type == .srv {
                maker.serviceRecords(instances, places, chased, into: &found)
            } else {
                maker.addressRecords(places, chased, into: &found)
            }
            // The instances of the mesh have other names, see `Catalog.checkMeshServiceNodes`.
            let isNear = ask.zone.rules.answerOrder == .near
            if !service.isMesh {
                found.part =
                    isNear ? .serviceByRoundTrip(service.service) : .service(service.service)
            }
            // Valid for that host only.
            found.isGlobal = !isNear
            if found.answers.isEmpty {
                found.authorities = [soa(ask.zone)]
                if isPlain { found.keeping = .asItIs }
            } else if isPlain, found.answers.count == instances.count || ask.type != .srv {
                // A name's records may change between answers, and so may the choice among several
                // registrations of one listener.
                found.keeping = AnswerOrder.keeping(
                    ask.zone, isByRoundTrip: ordered.meta.isByRoundTrip)
            }
            done(found)
        }
    }

    // MARK: The zone's servers

    /// Looks up to three servers as NS records, with their addresses.
    func nameServers(
        _ zone: Zone, _ done: @escaping @Sendable ([ResourceRecord], [ResourceRecord]) -> Void
    ) {
        let ask = Ask(name: zone.domain, type: .any, hasEDNS: false, zone: zone)
        healthy(ServiceAsk("consul", ask)) { [self] result in
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
