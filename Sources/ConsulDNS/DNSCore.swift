import DNSWire
import Logging
import NIOCore
import NIOSSL
import Platform
import Primitives
import Synchronization

/// The state that all sockets of a server share.
final class DNSCore: Sendable {
    private let zone: Mutex<Zone>
    let resolver: Resolver
    let limits: DNSServerLimits
    private let tls: Mutex<NIOSSLContext?>
    let usesTLS: Bool
    /// The answer cache of each loop.
    private let caches: [ObjectIdentifier: AnswerCache]
    let connections = Atomic<Int>(0)
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])
    /// Connections by address.
    private let clients = Mutex<[String: Int]>([:])

    init(
        _ setup: DNSServer.Setup, on group: any EventLoopGroup, logger: Logger
    ) throws(ConsulDNSError) {
        var random = SeededRandom(seed: setup.seed)
        var context: NIOSSLContext?
        if setup.listeners.contains(where: { $0.transport == .tls }) {
            do throws(TLSError) {
                context = try Self.context(setup.tls ?? TLSSettings())
            } catch {
                throw .tls("\(error)")
            }
        }
        tls = Mutex(context)
        usesTLS = context != nil
        zone = Mutex(try Zone(setup.rules))
        limits = setup.limits
        resolver = Resolver(
            backend: setup.backend,
            recursion: Recursion(
                on: group, logger: logger, random: SeededRandom(seed: random.next()),
                most: setup.limits.recursions),
            logger: logger, random: SeededRandom(seed: random.next()),
            unixSeconds: setup.unixSeconds, metrics: setup.metrics)
        var caches: [ObjectIdentifier: AnswerCache] = [:]
        for loop in group.makeIterator() {
            caches[ObjectIdentifier(loop)] = AnswerCache(
                seed: random.next(), versions: setup.catalogVersion,
                unixSeconds: setup.unixSeconds)
        }
        self.caches = caches
    }

    static func context(_ settings: TLSSettings) throws(TLSError) -> NIOSSLContext {
        try settings.serverContext(protocols: ["dot"])
    }

    var currentTLS: NIOSSLContext? { tls.withLock { $0 } }
    func replaceTLS(_ context: NIOSSLContext) { tls.withLock { $0 = context } }

    var currentZone: Zone { zone.withLock { $0 } }
    func replace(_ zone: Zone) { self.zone.withLock { $0 = zone } }

    /// Returns the answer cache of the calling loop.
    func cache(of loop: any EventLoop) -> AnswerCache {
        caches[ObjectIdentifier(loop)]
            ?? AnswerCache(seed: 0, versions: { _ in nil }, unixSeconds: { 0 })
    }

    // MARK: Connections

    /// Returns whether another connection is admitted; `closed` releases it.
    /// - Parameter client: its address.
    func admit(_ client: String) -> Bool {
        guard connections.add(1, ordering: .relaxed).newValue <= limits.connections,
            clients.withLock({ $0.admit(client, limits.connectionsPerClient) })
        else {
            connections.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func opened(_ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = channel }
    }

    func closed(_ channel: any Channel, of client: String) {
        connections.subtract(1, ordering: .relaxed)
        clients.withLock { $0.release(client) }
        _ = open.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    func closeAll() async {
        for channel in open.withLock({ Array($0.values) }) { try? await channel.close() }
    }

    // MARK: Questions

    /// Validates a message and answers it.
    /// - Parameters:
    ///   - client: the sender.
    ///   - done: called at most once, here or later on another thread. Not called for a message
    ///     that is not a question: answering answers would never end.
    func answer(
        _ octets: [UInt8], isTCP: Bool, from client: SocketAddress? = nil,
        _ done: @escaping @Sendable (DNSQuery?, Reply) -> Void
    ) {
        guard let header = DNSHeader(octets), !header.flags.contains(.response) else { return }
        guard header.opcode == .query || header.opcode == .notify else {
            return done(nil, Self.refusal(header, .notImplemented))
        }
        guard header.questions == 1, header.answers <= 1, header.authorities <= 1,
            header.additionals <= 2, let message = try? DNSMessage(octets),
            message.edns?.hasMalformedSubnet != true
        else { return done(nil, Self.refusal(header, .formatError)) }
        let query = DNSQuery(octets, message, isTCP: isTCP, from: client, zone: currentZone)
        if let edns = message.edns, edns.version > 0 {
            // RFC 6891, section 6.1.3.
            return done(query, query.reply(.badVersion, isAuthoritative: false))
        }
        resolver.answer(query) { done(query, $0) }
    }

    /// Answers a message whose question cannot be repeated.
    private static func refusal(_ header: DNSHeader, _ code: ResponseCode) -> Reply {
        var flags = header.flags.intersection([
            .recursionDesired, .authenticData, .checkingDisabled,
        ])
        flags.insert(.response)
        return Reply(
            message: DNSMessage(id: header.id, flags: flags, opcode: header.opcode, code: code))
    }
}

extension [String: Int] {
    fileprivate mutating func admit(_ client: String, _ most: Int) -> Bool {
        let count = self[client] ?? 0
        guard count < most else { return false }
        self[client] = count + 1
        return true
    }

    fileprivate mutating func release(_ client: String) {
        let rest = (self[client] ?? 1) - 1
        self[client] = rest > 0 ? rest : nil
    }
}
