import ConsulModel
import DNSWire
import Logging
import Platform
import Primitives
import Synchronization
import Telemetry

/// Answers questions from the catalog. Every answer is passed to a closure: on the calling thread
/// when the backend answers there, later and on another one otherwise.
final class Resolver: Sendable {
    let backend: any Backend
    let recursion: Recursion
    let logger: Logger
    private let chance: Mutex<SeededRandom>
    let unixSeconds: @Sendable () -> Int
    /// The number of zone transfers in progress.
    let transfers = TransferCount()
    let metrics: DNSMetrics
    /// The suffixes of node names that contain dots, at one version of the catalog: names that
    /// exist and have no records. One for each label of such a node.
    let dottedNodes = Mutex<(version: UInt64?, ends: Set<String>)>((nil, []))

    init(
        backend: any Backend, recursion: Recursion, logger: Logger, random: SeededRandom,
        unixSeconds: @escaping @Sendable () -> Int, metrics: DNSMetrics
    ) {
        self.backend = backend
        self.recursion = recursion
        self.logger = logger
        chance = Mutex(random)
        self.unixSeconds = unixSeconds
        self.metrics = metrics
    }

    typealias Done = @Sendable (Reply) -> Void

    /// - Parameter done: called exactly once.
    func answer(_ query: DNSQuery, _ done: @escaping Done) {
        let question = query.question
        if query.zone.prefixLength(of: question.name) != nil {
            answerOfDomain(query, metrics.domain.timed(done))
        } else if question.name.isUnder(Zone.arpa) {
            answerReverse(query, metrics.reverse.timed(done))
        } else if query.zone.recursors.isEmpty {
            done(query.reply(.refused, isAuthoritative: false))
        } else {
            recurse(query, done)
        }
    }

    private func answerOfDomain(_ query: DNSQuery, _ done: @escaping Done) {
        let question = query.question
        let isApex = query.zone.prefixLength(of: question.name) == 0
        switch question.type {
        case .soa where isApex:
            nameServers(query.zone) { [self] servers, glue in
                var reply = query.reply()
                reply.message.answers = [soa(query.zone).owned(by: question.name)]
                reply.message.authorities = servers.map { $0.owned(by: question.name) }
                reply.message.additionals = glue
                done(reply)
            }
        case .ns where isApex:
            nameServers(query.zone) { servers, glue in
                var reply = query.reply()
                reply.message.answers = servers.map { $0.owned(by: question.name) }
                reply.message.additionals = glue
                done(reply)
            }
        case .axfr, .ixfr: done(transfer(query))
        default:
            var ask = Ask(
                name: question.name, type: question.type, hasEDNS: query.message.edns != nil,
                zone: query.zone)
            if query.zone.rules.answerOrder == .near { ask.nearAddress = query.nearAddress }
            records(for: ask) { [self] found in
                var reply = query.reply(found.code)
                reply.message.answers = found.answers
                reply.message.authorities = found.authorities
                if question.type == .ns || question.type == .soa, found.answers.isEmpty,
                    found.authorities.isEmpty
                {
                    reply.message.authorities = [soa(query.zone)]
                }
                reply.message.additionals = found.additionals
                reply.isOfService = found.isOfService
                reply.isGlobal = found.isGlobal
                reply.keeping = found.keeping
                reply.part = found.part
                done(reply)
            }
        }
    }

    func recurse(_ query: DNSQuery, _ done: @escaping Done) {
        recursion.forward(query) { octets in
            var reply = query.reply(.serverFailure, isAuthoritative: false)
            reply.message.flags.insert(.recursionAvailable)
            if let octets, octets.count > query.bytesMax {
                // A recursor may exceed the size that the client accepts.
                reply.message.code = ResponseCode(rawValue: UInt16(octets[3] & 15))
                reply.message.flags.insert(.truncated)
            } else {
                reply.forwarded = octets
            }
            done(reply)
        }
    }

    func soa(_ zone: Zone) -> ResourceRecord {
        zone.soa(serial: UInt32(truncatingIfNeeded: unixSeconds()))
    }

    /// Returns a separate generator for one answer.
    func random() -> SeededRandom { SeededRandom(seed: chance.withLock { $0.next() }) }

    // MARK: The domain's names

    /// Looks up the records of a name of the domain.
    func records(for ask: Ask, _ done: @escaping @Sendable (Found) -> Void) {
        guard let length = ask.zone.prefixLength(of: ask.name) else {
            return done(noSuchName(ask))
        }
        if !ask.zone.records.isEmpty, staticRecords(ask, prefix: length, done) { return }
        guard let parsed = NameParser.parse(ask.name, prefix: length, type: ask.type) else {
            let isAbove = NameParser.isAboveNames(
                ask.name, prefix: length, datacenter: ask.zone.rules.datacenter)
            return done(isAbove ? noRecords(ask) : noSuchName(ask))
        }
        switch parsed.subject {
        case .service(let name, let tag):
            let wanted = ServiceAsk(
                name, tag: tag, datacenter: parsed.datacenter, port: parsed.port, ask)
            service(wanted, done)
        case .connect(let name):
            service(ServiceAsk(name, datacenter: parsed.datacenter, isMesh: true, ask), done)
        case .node(let name): node(name, parsed.datacenter, ask, done)
        case .address(let data):
            var found = Found()
            // Answers for any type, as Consul does.
            found.answers = [ResourceRecord(ask.name, ttl: ask.zone.nodeTTL, data)]
            found.keeping = .asItIs
            done(found)
        case .emptyAddress: done(Found())
        // Entries for gateways and prepared queries do not exist in the state yet.
        case .ingress, .query: done(noSuchName(ask))
        }
    }

    func noSuchName(_ ask: Ask) -> Found {
        var found = Found(code: .nameError)
        found.authorities = [soa(ask.zone)]
        found.keeping = .asItIs
        return found
    }

    /// Answers for a name that exists, and has no records of the type: it may have names below it.
    func noRecords(_ ask: Ask) -> Found {
        var found = Found()
        found.authorities = [soa(ask.zone)]
        found.keeping = .asItIs
        return found
    }

    func failed(_ error: ConsulError, _ ask: Ask) -> Found {
        // The datacenter is not known to any server: the name cannot exist.
        if error.kind == .noPathToDatacenter {
            var found = noSuchName(ask)
            // A new datacenter does not change the catalog's version.
            found.keeping = .not
            return found
        }
        logger.error(
            "cannot answer", metadata: ["name": "\(ask.name)", "error": "\(error.message)"])
        return Found(code: .serverFailure)
    }

    /// Returns the options of a read: any server may answer, unless it is too far behind.
    func options(_ datacenter: String, _ zone: Zone) -> QueryOptions {
        var options = QueryOptions()
        options.datacenter = datacenter
        options.consistency = zone.rules.allowStale ? .stale : .standard
        return options
    }

    func read<Request: ReadRequest, Answer: IndexedReply>(
        _ endpoint: Endpoint<Request, Answer>, _ query: Request, _ zone: Zone,
        _ done: @escaping @Sendable (Result<Answer.Value, ConsulError>) -> Void
    ) {
        readIndexed(endpoint, query, zone) { done($0.map { $0.value }) }
    }

    /// Reads, and reads from the leader when a server's answer is older than `max_stale`.
    func readIndexed<Request: ReadRequest, Answer: IndexedReply>(
        _ endpoint: Endpoint<Request, Answer>, _ query: Request, _ zone: Zone,
        _ done: @escaping @Sendable (Result<Answer, ConsulError>) -> Void
    ) {
        backend.call(endpoint, query) { [backend, stale = metrics.stale] result in
            switch result {
            case .failure(let error): done(.failure(error))
            case .success(let answer):
                guard query.options.consistency == .stale,
                    answer.meta.lastContact > zone.rules.maxStale
                else {
                    if query.options.consistency == .stale,
                        answer.meta.lastContact > Limits.notablyStale
                    {
                        stale.increment()
                    }
                    return done(.success(answer))
                }
                var again = query
                again.options.consistency = .standard
                backend.call(endpoint, again, reply: done)
            }
        }
    }
}

/// Records found for a name, by section.
struct Found: Sendable {
    var code = ResponseCode.success
    var answers: [ResourceRecord] = []
    var authorities: [ResourceRecord] = []
    var additionals: [ResourceRecord] = []
    var isOfService = false
    var isGlobal = true
    var keeping = Keeping.not
    var part = CatalogPart.whole
    init(code: ResponseCode = .success) { self.code = code }
}
