import ConsulModel
import DNSWire
import Logging
import Synchronization

extension Resolver {
    /// Looks up a node's address and metadata. Types without meaning for a node get an empty
    /// answer.
    func node(
        _ name: String, _ datacenter: String, _ ask: Ask,
        _ done: @escaping @Sendable (Found) -> Void
    ) {
        guard [.any, .a, .aaaa, .txt, .ns, .soa].contains(ask.type) else { return done(Found()) }
        let query = NodeSpecificRequest(name, options(datacenter, ask.zone))
        read(.catalogNodeServices, query, ask.zone) { [self] result in
            switch result {
            case .failure(let error): done(failed(error, ask))
            case .success(nil): missing(name, datacenter, ask, done)
            case .success(let found?): answer(found.node, ask, done)
            }
        }
    }

    /// Handles names of nodes with dots: `example.com.node` is above `web.example.com.node`.
    private func missing(
        _ name: String, _ datacenter: String, _ ask: Ask,
        _ done: @escaping @Sendable (Found) -> Void
    ) {
        if let version = backend.catalogVersion(of: .whole),
            let names = dottedNodes.withLock({ $0.version == version ? $0.ends : nil })
        {
            return done(names.contains(name) ? noRecords(ask) : noSuchName(ask))
        }
        let version = backend.catalogVersion(of: .whole)
        let query = DCSpecificRequest(options(datacenter, ask.zone))
        read(.catalogListNodes, query, ask.zone) { [self] result in
            guard case .success(let nodes) = result else { return done(noSuchName(ask)) }
            var ends: Set<String> = []
            for node in nodes where node.node.utf8.contains(UInt8(ascii: ".")) {
                var rest = node.node.lowercased()[...]
                while let dot = rest.firstIndex(of: ".") {
                    rest = rest[rest.index(after: dot)...]
                    ends.insert(String(rest))
                }
            }
            dottedNodes.withLock { $0 = (version, ends) }
            done(ends.contains(name) ? noRecords(ask) : noSuchName(ask))
        }
    }

    private func answer(_ node: Node, _ ask: Ask, _ done: @escaping @Sendable (Found) -> Void) {
        let ttl = ask.zone.nodeTTL
        let isTextAsked = ask.type == .txt || ask.type == .any
        let meta =
            isTextAsked || ask.zone.rules.nodeMetaTXT
            ? MetaText.records(node, ask.name, ttl: ttl) : []
        @Sendable func finish(_ records: [ResourceRecord]) {
            var found = Found()
            found.answers = isTextAsked ? records + meta : records
            if !isTextAsked { found.additionals = meta }
            let isAlias = records.contains { $0.type == .cname }
            found.keeping = isAlias ? .not : .asItIs
            found.part = .node(node.node)
            done(found)
        }
        if ask.type == .txt { return finish([]) }
        if let data = AddressText.data(address(of: node, ask.type)) {
            let suits = ask.type == .any || data.type == ask.type
            return finish(suits ? [ResourceRecord(ask.name, ttl: ttl, data)] : [])
        }
        guard let other = DNSName(node.address) else { return finish([]) }
        chase([other], ask, [:]) { chased in
            finish(
                [ResourceRecord(ask.name, ttl: ttl, .cname(other))] + (chased[other] ?? []))
        }
    }

    func address(of node: Node, _ type: RecordType) -> String {
        let four = node.taggedAddresses["lan_ipv4"] ?? ""
        let six = node.taggedAddresses["lan_ipv6"] ?? ""
        if type != .a, !six.isEmpty { return six }
        if type != .aaaa, !four.isEmpty { return four }
        return node.address
    }

    // MARK: Other names

    /// Resolves each name: in the domain from the catalog, else from the recursors. Unresolved
    /// names have no entry.
    func chase(
        _ names: ArraySlice<DNSName>, _ ask: Ask, _ known: [DNSName: [ResourceRecord]],
        _ done: @escaping @Sendable ([DNSName: [ResourceRecord]]) -> Void
    ) {
        guard let name = names.first else { return done(known) }
        let rest = names.dropFirst()
        let take: @Sendable ([ResourceRecord]) -> Void = { [self] records in
            var known = known
            known[name] = records
            chase(rest, ask, known, done)
        }
        if ask.zone.prefixLength(of: name) != nil {
            guard ask.chaseLeft > 0 else {
                logger.error(
                    "Infinite recursion detected for name, won't perform any CNAME resolution.",
                    metadata: ["name": "\(name)"])
                return take([])
            }
            var next = ask
            next.name = name
            next.type = .any
            next.hasEDNS = false
            next.chaseLeft -= 1
            let most = AnswerTrimming.answersMax(ask.zone.rules)
            records(for: next) { found in
                take(found.isOfService ? Array(found.answers.prefix(most)) : found.answers)
            }
        } else if ask.zone.recursors.isEmpty {
            take([])
        } else {
            recursion.addresses(of: name, ask.zone, take)
        }
    }
}
