import ConsulModel
import DNSWire
import Glibc
import NIOCore
import Primitives

/// Caches a loop's answers by the octets of their questions. An entry is valid while its part of
/// the catalog and the rules stay unchanged, so that it equals a fresh lookup. Used on its loop
/// only.
///
/// A question has two slots, found by a keyed hash that clients cannot predict. When both are taken
/// it evicts the older one, so that a flood of other questions only costs lookups in the catalog.
final class AnswerCache: @unchecked Sendable {
    final class Entry {
        fileprivate let query: DNSQuery
        fileprivate var reply: Reply
        /// The encoded answer, when it is the same each time.
        fileprivate var octets: [UInt8]?
        /// The version of the whole catalog when the answer was last known to be valid.
        fileprivate var version: UInt64
        /// The version of the part that it depends on.
        fileprivate let partVersion: UInt64
        /// The answer's SOA serial number: the second in which it was made.
        fileprivate let serial: UInt32?

        fileprivate init(
            _ query: DNSQuery, _ reply: Reply, version: UInt64, partVersion: UInt64
        ) {
            self.query = query
            self.reply = reply
            self.version = version
            self.partVersion = partVersion
            var serial: UInt32?
            for record in reply.message.authorities {
                if case .soa(let soa) = record.data { serial = soa.serial }
            }
            self.serial = serial
        }
    }

    /// Returns a number for a part of the catalog that changes whenever the part does; nil when
    /// only a read can say whether an answer is valid.
    typealias Versions = @Sendable (CatalogPart) -> UInt64?

    private let versions: Versions
    private let unixSeconds: @Sendable () -> Int
    private var entries: [Entry?]
    private var count = 0
    private var zone: Zone?
    private var random: SeededRandom
    private let secret: UInt64

    init(
        seed: UInt64, versions: @escaping Versions, unixSeconds: @escaping @Sendable () -> Int
    ) {
        self.versions = versions
        self.unixSeconds = unixSeconds
        random = SeededRandom(seed: seed)
        secret = random.next()
        entries = [Entry?](repeating: nil, count: Limits.keptAnswersMax)
    }

    /// Returns the version of everything that answers depend on, to be read before a question is
    /// examined; nil when nothing can be cached.
    var version: UInt64? { versions(.wholeByRoundTrip) }

    /// Returns the cached answer to a question, if it is valid at this version of the catalog.
    /// - Parameter client: the sender of the question; matters where the order of answers depends
    ///   on it.
    func find(
        _ question: ByteBuffer, isTCP: Bool, from client: SocketAddress? = nil, version: UInt64,
        zone: Zone
    ) -> Entry? {
        guard zone === self.zone else {
            forget(zone)
            return nil
        }
        if count == 0 { return nil }
        return question.withUnsafeReadableBytes { octets in
            guard octets.count > DNSWire.Limits.headerBytes else { return nil }
            let place = place(octets)
            for way in 0...1 {
                guard let entry = entries[place + way], entry.isFor(octets, isTCP),
                    zone.rules.answerOrder != .near || entry.query.isFrom(client)
                else { continue }
                if holds(entry, version) { return entry }
                entries[place + way] = nil
                count -= 1
                return nil
            }
            return nil
        }
    }

    private func holds(_ entry: Entry, _ version: UInt64) -> Bool {
        if let serial = entry.serial, serial != UInt32(truncatingIfNeeded: unixSeconds()) {
            return false
        }
        if entry.version == version { return true }
        guard versions(entry.reply.part) == entry.partVersion else { return false }
        entry.version = version
        return true
    }

    /// Stores a reply for which the catalog was read after this version of it.
    func keep(_ reply: Reply, to query: DNSQuery, version: UInt64) {
        guard reply.keeping != .not, query.zone === zone,
            reply.message.answers.count + reply.message.additionals.count
                <= Limits.keptRecordsMax, query.octets.count <= Limits.keptQuestionBytesMax,
            // Reads the version of the whole last: an equal version before and after means that the
            // part did not change in between.
            let partVersion = versions(reply.part), self.version == version
        else { return }
        let place = query.octets.withUnsafeBytes { self.place($0) }
        if entries[place] == nil {
            count += 1
        } else {
            if entries[place + 1] == nil { count += 1 }
            entries[place + 1] = entries[place]
        }
        entries[place] = Entry(query, reply, version: version, partVersion: partVersion)
    }

    /// Returns the encoded answer, except for its identifier.
    func octets(_ entry: Entry, with writer: inout MessageWriter) -> [UInt8] {
        if let octets = entry.octets { return octets }
        let isFixed = entry.reply.keeping == .asItIs || entry.reply.message.answers.count < 2
        if !isFixed { entry.reply.message.answers.shuffle(using: &random) }
        let octets = entry.reply.octets(to: entry.query, with: &writer)
        if isFixed { entry.octets = octets }
        return octets
    }

    private func forget(_ zone: Zone) {
        if count > 0 {
            for place in entries.indices { entries[place] = nil }
            count = 0
        }
        self.zone = zone
    }

    /// Returns the index of the first of two slots.
    private func place(_ octets: UnsafeRawBufferPointer) -> Int {
        var hash = secret
        var index = 2
        while index + 8 <= octets.count {
            hash ^= octets.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            hash = hash &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
            index += 8
        }
        while index < octets.count {
            hash = (hash ^ UInt64(octets[index])) &* 0x9E37_79B9_7F4A_7C15
            index += 1
        }
        hash ^= hash >> 32
        return Int(truncatingIfNeeded: hash) & (entries.count - 1) & ~1
    }
}

extension AnswerCache.Entry {
    fileprivate func isFor(_ octets: UnsafeRawBufferPointer, _ isTCP: Bool) -> Bool {
        guard query.isTCP == isTCP, query.octets.count == octets.count else { return false }
        return query.octets.withUnsafeBytes { mine in
            guard let one = mine.baseAddress, let other = octets.baseAddress else { return false }
            // The octets after the identifier.
            return memcmp(one + 2, other + 2, octets.count - 2) == 0
        }
    }
}
