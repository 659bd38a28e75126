import ConsulModel
import DNSWire
import Glibc
import NIOCore
import Primitives

/// What a loop keeps of its answers, for questions that come again octet by octet. An answer stays
/// as long as its part of the catalog and the rules do, so that it says nothing that a fresh look
/// would not. Used on its loop alone.
///
/// A question has two places, found by a hash that nobody outside can foretell. What finds both
/// taken pushes the older one out, so that a flood of other questions costs looks at the catalog
/// and no more.
final class AnswerCache: @unchecked Sendable {
    final class Entry {
        fileprivate let query: DNSQuery
        fileprivate var reply: Reply
        /// Written already, for an answer that is the same each time.
        fileprivate var octets: [UInt8]?
        /// Of all there is, when the answer was last known to hold.
        fileprivate var version: UInt64
        /// Of the part that it depends on.
        fileprivate let partVersion: UInt64
        /// The serial number that the answer bears: the second of which it is.
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

    /// A number for a part of the catalog that changes whenever it does; nil when only a read
    /// tells.
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

    /// The version of all that answers depend on, to be taken before a question is looked at; nil
    /// when nothing can be kept.
    var version: UInt64? { versions(.wholeByRoundTrip) }

    /// What was kept for a question, if it holds at this version of the catalog.
    /// - Parameter client: who asks; matters where the order of answers depends on it.
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

    /// Keeps a reply for which the catalog was read after this version of it was taken.
    func keep(_ reply: Reply, to query: DNSQuery, version: UInt64) {
        guard reply.keeping != .not, query.zone === zone,
            reply.message.answers.count + reply.message.additionals.count
                <= Limits.keptRecordsMax, query.octets.count <= Limits.keptQuestionBytesMax,
            // The whole last: what it was before and after, the part was in between.
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

    /// The answer as it goes out, but for its number.
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

    /// Of the first of two neighbours.
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
            // Behind the number.
            return memcmp(one + 2, other + 2, octets.count - 2) == 0
        }
    }
}
