import Glibc
import Primitives
import Testing

@testable import DNSWire

/// Reads a million random and mutated messages: none may crash, and a message that is read is equal
/// after writing and reading. `FUZZ_ROUNDS` sets another number; `SEED` repeats a run. Two threads
/// create half of them each, by means that are cheap in a debug build.
@Suite struct FuzzTests {
    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
    private static let rounds = Int(clamping: number("FUZZ_ROUNDS") ?? 1_000_000)
    private static let seed = number("SEED") ?? 20_261_121
    private static let shares = 2

    @Test func mutatedMessages() async {
        let valid = await withTaskGroup(of: Int.self) { group in
            for share in 0..<Self.shares {
                group.addTask { Self.mutate(Self.rounds / Self.shares, share) }
            }
            return await group.reduce(0, +)
        }
        #expect(valid > 0)
    }

    /// - Returns: the number of readable messages.
    private static func mutate(_ rounds: Int, _ share: Int) -> Int {
        var random = SeededRandom(seed: seed &+ UInt64(share))
        var writer = MessageWriter()
        var corpus = [MessageTests.question]
        writer.write(MessageTests.answer)
        corpus.append(writer.bytes)
        for number in 0..<300 {
            writer.write(message(&random), compressing: number % 2 == 0)
            corpus.append(writer.bytes)
        }
        var valid = 0
        for round in 0..<rounds {
            let octets: [UInt8]
            switch round % 4 {
            case 0: octets = noise(&random)
            case 1: octets = mutated(corpus[2 + below(300, &random)], &random)
            default: octets = mutated(corpus[round % 2], &random)
            }
            guard let message = try? DNSMessage(octets) else { continue }
            valid += 1
            writer.write(message)
            guard let back = try? DNSMessage(writer.bytes), back == message else {
                Issue.record("SEED=\(seed), share \(share), round \(round): \(octets)")
                return valid
            }
        }
        return valid
    }

    @Test func randomMessagesRoundTrip() throws {
        var random = SeededRandom(seed: Self.seed &+ 1)
        var writer = MessageWriter()
        for round in 0..<Self.rounds / 30 {
            let message = Self.message(&random)
            for compressing in [true, false] {
                writer.write(message, compressing: compressing)
                guard let back = try? DNSMessage(writer.bytes), back == message else {
                    Issue.record("SEED=\(Self.seed), round \(round): \(message)")
                    return
                }
            }
        }
    }

    @Test func namesAsText() {
        var random = SeededRandom(seed: Self.seed &+ 2)
        for _ in 0..<Self.rounds / 30 {
            let name = Self.name(&random)
            #expect(DNSName(name.description) == name)
        }
    }

    // MARK: Generators

    /// Returns a number below the limit, evenly enough distributed.
    private static func below(_ limit: Int, _ random: inout SeededRandom) -> Int {
        Int(truncatingIfNeeded: random.next() >> 33) % limit
    }

    private static func noise(_ random: inout SeededRandom) -> [UInt8] {
        let count = below(81, &random)
        var octets = [UInt8](repeating: 0, count: count)
        octets.withUnsafeMutableBytes { buffer in
            var offset = 0
            while offset < count {
                let word = random.next()
                withUnsafeBytes(of: word) {
                    buffer[offset...].copyBytes(from: $0.prefix(count - offset))
                }
                offset += 8
            }
        }
        // Makes the header's counts small, because otherwise no byte after the header would be
        // read.
        var offset = 4
        while offset < min(12, count) {
            octets[offset] = offset % 2 == 0 ? 0 : octets[offset] % 3
            offset += 1
        }
        return octets
    }

    private static func mutated(_ octets: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var octets = octets
        for _ in 0...below(4, &random) {
            let offset = below(octets.count + 1, &random)
            switch below(6, &random) {
            case 0 where offset < octets.count: octets.remove(at: offset)
            case 1: octets.insert(UInt8(below(256, &random)), at: offset)
            case 2: octets.removeLast(octets.count - offset)
            case 3 where offset < octets.count: octets[offset] ^= 1 << UInt8(offset % 8)
            case 4 where offset + 1 < octets.count:
                octets[offset] = 0xC0
                octets[offset + 1] = UInt8(below(64, &random))
            case let kind where offset < octets.count && kind > 2:
                octets[offset] = UInt8(below(256, &random))
            default: break
            }
        }
        return octets
    }

    private static func name(_ random: inout SeededRandom) -> DNSName {
        let words = ["web", "WEB", "node", "consul", "dc1", "a.b", "", "x"]
        var labels: [String] = []
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let word = words[Int.random(in: 0..<words.count, using: &random)]
            labels.append(word.isEmpty ? String(repeating: "y", count: 50) : word)
        }
        return DNSName(labels: labels) ?? .root
    }

    private static func record(_ random: inout SeededRandom) -> ResourceRecord {
        let data: RecordData
        switch Int.random(in: 0..<9, using: &random) {
        case 0: data = .a(UInt32.random(in: 0 ... .max, using: &random))
        case 1: data = .aaaa(random.next(), random.next())
        case 2: data = .cname(name(&random))
        case 3: data = .ns(name(&random))
        case 4:
            data = .srv(
                SRVData(
                    priority: 1, weight: 2, port: UInt16.random(in: 0 ... .max, using: &random),
                    target: name(&random)))
        case 5: data = .txt([[1, 2], [], [UInt8](repeating: 0, count: 255)])
        case 6: data = .mx(preference: 1, name(&random))
        case 7: data = .opaque(RecordType(rawValue: 65_000), [0xC0, 0x0C, 0xFF])
        default:
            data = .soa(
                SOAData(
                    server: name(&random), mailbox: name(&random), serial: 1, refresh: 2,
                    retry: 3, expire: 4, minimumTTL: 5))
        }
        return ResourceRecord(name(&random), ttl: UInt32.random(in: 0...9, using: &random), data)
    }

    private static func message(_ random: inout SeededRandom) -> DNSMessage {
        var message = DNSMessage(
            id: UInt16.random(in: 0 ... .max, using: &random), flags: [.response])
        message.questions = [DNSMessage.Question(name(&random), .any)]
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            message.answers.append(record(&random))
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            message.authorities.append(record(&random))
            message.additionals.append(record(&random))
        }
        if Bool.random(using: &random) { message.edns = EDNS(udpSize: 1232) }
        return message
    }
}
