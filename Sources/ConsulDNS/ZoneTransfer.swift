import ConsulModel
import DNSWire
import NIOCore
import Primitives
import Synchronization

/// The whole zone as a sequence of messages (RFC 5936): the SOA, everything else, the SOA again.
/// Parts are read from the catalog as the secondary receives them, so that a large zone costs
/// neither memory nor the loop. Concurrent changes may be included or not; the next notification
/// covers them.
final class ZoneTransfer: Sendable {
    private struct State {
        /// The parts to read, the next one last.
        var left: [Part] = [.end, .services, .nodes, .apex]
        /// Records that were read, and not yet sent.
        var ready: ArraySlice<ResourceRecord> = []
        /// Names of addresses that SRV records point to, each sent once.
        var told: Set<DNSName> = []
    }

    private enum Part {
        case apex, nodes, services, end
        case node(Node)
        case service(String, tags: [String])
    }

    private let resolver: Resolver
    private let query: DNSQuery
    private let soa: ResourceRecord
    private let state = Mutex(State())
    private var zone: Zone { query.zone }

    /// Returns nil while too many others are in progress.
    init?(_ query: DNSQuery, _ resolver: Resolver) {
        guard resolver.transfers.begin() else { return nil }
        self.query = query
        self.resolver = resolver
        soa = resolver.soa(query.zone)
    }

    deinit { resolver.transfers.end() }

    /// Makes the next message, or returns nil at the end.
    /// - Parameters:
    ///   - loop: continues there, so that others have their turn.
    ///   - done: called once, here or later on another thread.
    func next(on loop: any EventLoop, _ done: @escaping @Sendable (DNSMessage?) -> Void) {
        fill(stepsLeft: Limits.transferStepsMax, loop) { [self] in
            let records = state.withLock { Self.take(&$0) }
            if records.isEmpty { return done(nil) }
            var reply = query.reply()
            reply.message.answers = records
            done(reply.message)
        }
    }

    /// The number of records in a message.
    private static func take(_ state: inout State) -> [ResourceRecord] {
        var length = 0
        var count = 0
        for record in state.ready {
            length += record.uncompressedLength
            if count > 0, length > Limits.transferBytesMax { break }
            count += 1
        }
        defer { state.ready = state.ready.dropFirst(count) }
        return Array(state.ready.prefix(count))
    }

    /// Reads until there are enough records for a message, or none left.
    private func fill(
        stepsLeft: Int, _ loop: any EventLoop, _ done: @escaping @Sendable () -> Void
    ) {
        guard stepsLeft > 0 else {
            // There can be many nodes and services without records.
            return loop.execute { [self] in fill(stepsLeft: Limits.transferStepsMax, loop, done) }
        }
        let part = state.withLock { state -> Part? in
            var length = 0
            for record in state.ready {
                length += record.uncompressedLength
                if length > Limits.transferBytesMax { return nil }
            }
            return state.left.popLast()
        }
        guard let part else { return done() }
        let goOn: @Sendable () -> Void = { [self] in
            fill(stepsLeft: stepsLeft - 1, loop, done)
        }
        switch part {
        case .apex:
            resolver.nameServers(zone) { [self] servers, _ in
                add([soa] + servers + zone.records.all)
                goOn()
            }
        case .end:
            add([soa])
            goOn()
        case .node(let node):
            add(records(of: node))
            goOn()
        case .nodes:
            let query = DCSpecificRequest(resolver.options("", zone))
            resolver.read(.catalogListNodes, query, zone) { [self] result in
                let nodes = (try? result.get()) ?? []
                state.withLock { $0.left += nodes.reversed().map { .node($0) } }
                goOn()
            }
        case .services:
            let query = DCSpecificRequest(resolver.options("", zone))
            resolver.read(.catalogListServices, query, zone) { [self] result in
                let services = ((try? result.get()) ?? [:]).sorted { $0.key > $1.key }
                state.withLock { $0.left += services.map { .service($0.key, tags: $0.value) } }
                goOn()
            }
        case .service(let name, let tags):
            // A name with a dot cannot be queried.
            guard !name.contains(".") else { return goOn() }
            readService(name, tags, goOn)
        }
    }

    private func readService(
        _ name: String, _ tags: [String], _ goOn: @escaping @Sendable () -> Void
    ) {
        let ask = Ask(name: zone.domain, type: .any, hasEDNS: true, zone: zone)
        resolver.healthy(ServiceAsk(name, ask)) { [self] result in
            add(records(of: name, tags, (try? result.get()) ?? []))
            resolver.healthy(ServiceAsk(name, isMesh: true, ask)) { [self] result in
                let proxies = (try? result.get()) ?? []
                if !proxies.isEmpty { add(records([[name, "connect"]], [], name, proxies)) }
                goOn()
            }
        }
    }

    private func add(_ records: [ResourceRecord]) {
        state.withLock { $0.ready += records }
    }

    // MARK: Records

    private func owners(_ labels: [String]) -> [DNSName] {
        [labels, labels + [zone.rules.datacenter]].compactMap { zone.name($0)?.lowercased }
    }

    private func records(of node: Node) -> [ResourceRecord] {
        let labels = node.node.split(separator: ".").map(String.init) + ["node"]
        var records: [ResourceRecord] = []
        for owner in owners(labels) {
            var addresses: [RecordData] = []
            var alias: DNSName?
            for type in [RecordType.a, .aaaa] {
                let text = resolver.address(of: node, type)
                if let data = AddressText.data(text) {
                    if data.type == type { addresses.append(data) }
                } else {
                    alias = DNSName(text)
                }
            }
            // An alias excludes other records.
            if addresses.isEmpty, let alias {
                records.append(ResourceRecord(owner, ttl: zone.nodeTTL, .cname(alias)))
                continue
            }
            records += addresses.map { ResourceRecord(owner, ttl: zone.nodeTTL, $0) }
            records += MetaText.records(node, owner, ttl: zone.nodeTTL)
        }
        return records
    }

    private func records(
        of name: String, _ tags: [String], _ instances: [CheckServiceNode]
    ) -> [ResourceRecord] {
        if instances.isEmpty { return [] }
        var records = records(
            [[name, "service"]], [["_\(name)", "_tcp", "service"], ["_\(name)", "_tcp"]], name,
            instances)
        var seen: Set<String> = []
        for tag in tags where seen.insert(tag.lowercased()).inserted {
            let folded = tag.lowercased()
            let bearing = instances.filter { instance in
                instance.service.tags.contains { $0.lowercased() == folded }
            }
            let parts = folded.split(separator: ".", omittingEmptySubsequences: false)
            records += self.records(
                [parts.map(String.init) + [name, "service"]],
                folded == "tcp" || folded.contains(".")
                    ? [] : [["_\(name)", "_\(folded)", "service"], ["_\(name)", "_\(folded)"]],
                name, bearing)
        }
        return records
    }

    /// - Parameters:
    ///   - names: have addresses and SRV records, each with and without the datacenter.
    ///   - serviceNames: have SRV records only.
    private func records(
        _ names: [[String]], _ serviceNames: [[String]], _ service: String,
        _ instances: [CheckServiceNode]
    ) -> [ResourceRecord] {
        var records: [ResourceRecord] = []
        if instances.isEmpty { return records }
        for owner in names.flatMap({ owners($0) }) {
            let four = found(.a, owner, service, instances).answers
            let six = found(.aaaa, owner, service, instances).answers
            let addresses = (four + six).filter { $0.type != .cname }
            if addresses.isEmpty, let alias = (four + six).first {
                records.append(alias)
                continue
            }
            records += addresses + services(owner, service, instances)
        }
        for owner in serviceNames.flatMap({ owners($0) }) {
            records += services(owner, service, instances)
        }
        return records
    }

    /// Makes SRV records, and the addresses of their targets that no other name has.
    private func services(
        _ owner: DNSName, _ service: String, _ instances: [CheckServiceNode]
    ) -> [ResourceRecord] {
        let found = found(.srv, owner, service, instances)
        let targets = found.additionals.filter { record in
            guard [.a, .aaaa].contains(record.type),
                record.name.labels.dropFirst().first?.elementsEqual("addr".utf8) == true
            else { return false }
            return state.withLock { $0.told.insert(record.name).inserted }
        }
        return found.answers
            + targets.map { ResourceRecord($0.name, ttl: zone.nodeTTL, $0.data) }
    }

    private func found(
        _ type: RecordType, _ owner: DNSName, _ service: String, _ instances: [CheckServiceNode]
    ) -> Found {
        let ask = Ask(name: owner, type: type, hasEDNS: true, zone: zone)
        let maker = RecordMaker(ServiceAsk(service, ask))
        let places = instances.map { maker.place($0) }
        var found = Found()
        if type == .srv {
            maker.serviceRecords(instances, places, [:], into: &found)
        } else {
            maker.addressRecords(places, [:], into: &found)
        }
        return found
    }
}

/// Counts the transfers in progress.
final class TransferCount: Sendable {
    private let count = Atomic<Int>(0)

    func begin() -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= Limits.transfersMax { return true }
        end()
        return false
    }

    func end() { count.subtract(1, ordering: .relaxed) }
}

extension Resolver {
    /// Answers AXFR and IXFR: NOTIMP where no network is allowed, as in Consul.
    func transfer(_ query: DNSQuery) -> Reply {
        let zone = query.zone
        let question = query.question
        if zone.transferNetworks.isEmpty { return query.reply(.notImplemented) }
        guard let client = query.clientAddress,
            zone.transferNetworks.contains(where: { $0.contains(client) })
        else { return query.reply(.refused, isAuthoritative: false) }
        guard question.name.isSame(as: zone.domain) else {
            return query.reply(.notAuthoritative, isAuthoritative: false)
        }
        let soa = soa(zone)
        var reply = query.reply()
        if question.type == .ixfr, !query.isTCP || isNewest(query, soa) {
            // The secondary is up to date, or must ask again over TCP (RFC 1995, section 2).
            reply.message.answers = [soa]
            return reply
        }
        guard query.isTCP else { return query.reply(.notImplemented) }
        guard let transfer = ZoneTransfer(query, self) else { return query.reply(.serverFailure) }
        reply.transfer = transfer
        return reply
    }

    /// Returns whether the secondary has our serial number already, in the arithmetic of RFC 1982.
    private func isNewest(_ query: DNSQuery, _ soa: ResourceRecord) -> Bool {
        guard case .soa(let theirs)? = query.message.authorities.first?.data,
            case .soa(let ours) = soa.data
        else { return false }
        return Int32(bitPattern: theirs.serial &- ours.serial) >= 0
    }
}
