import DNSWire
import NIOCore
import Primitives

/// What a loop keeps of its answers, for questions that come again octet by octet. An answer stays
/// as long as the catalog and the rules do, so that it says nothing that a fresh look would not.
/// Used on its loop alone.
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

        fileprivate init(_ query: DNSQuery, _ reply: Reply) {
            self.query = query
            self.reply = reply
        }
    }

    private var entries: [Entry?]
    private var count = 0
    private var version: UInt64 = 0
    private var zone: Zone?
    private var random: SeededRandom
    private let secret: UInt64

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        secret = random.next()
        entries = [Entry?](repeating: nil, count: Limits.keptAnswersMax)
    }

    /// What was kept for a question, if it holds at this version of the catalog.
    func find(
        _ question: ByteBuffer, isTCP: Bool, version: UInt64, zone: Zone
    ) -> Entry? {
        guard version == self.version, zone === self.zone else {
            forget(version, zone)
            return nil
        }
        if count == 0 { return nil }
        return question.withUnsafeReadableBytes { octets in
            guard octets.count > DNSWire.Limits.headerBytes else { return nil }
            let place = place(octets)
            for way in 0...1 {
                if let entry = entries[place + way], entry.isFor(octets, isTCP) { return entry }
            }
            return nil
        }
    }

    /// Keeps a reply that was made at this version of the catalog.
    func keep(_ reply: Reply, to query: DNSQuery, version: UInt64) {
        guard reply.keeping != .not, query.zone === zone, version == self.version,
            reply.message.answers.count + reply.message.additionals.count
                <= Limits.keptRecordsMax, query.octets.count <= Limits.keptQuestionBytesMax
        else { return }
        let place = query.octets.withUnsafeBytes { self.place($0) }
        if entries[place] != nil { entries[place + 1] = entries[place] } else { count += 1 }
        entries[place] = Entry(query, reply)
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

    private func forget(_ version: UInt64, _ zone: Zone) {
        if count > 0 {
            for place in entries.indices { entries[place] = nil }
            count = 0
        }
        self.version = version
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
            mine[2...].elementsEqual(octets[2...])
        }
    }
}
