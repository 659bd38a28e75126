import Glibc
import Primitives
import Testing

@testable import DNSWire

/// Random and mutated messages: none may crash, and what is read comes back the same. Rounds:
/// `FUZZ_ROUNDS`, else enough for some seconds of a debug build. `SEED` repeats a run.
@Suite struct FuzzTests {
    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
    private static let rounds = Int(clamping: number("FUZZ_ROUNDS") ?? 300_000)
    private static let seed = number("SEED") ?? 20_261_121

    @Test func mutatedMessages() {
        var random = SeededRandom(seed: Self.seed)
        var writer = MessageWriter()
        let corpus = [MessageTests.question, written(MessageTests.answer)]
        var valid = 0
        for round in 0..<Self.rounds {
            let octets: [UInt8]
            switch round % 4 {
            case 0: octets = Self.noise(&random)
            case 1:
                writer.write(Self.message(&random), compressing: Bool.random(using: &random))
                octets = Self.mutated(writer.bytes, &random)
            default: octets = Self.mutated(corpus[round % corpus.count], &random)
            }
            guard let message = try? DNSMessage(octets) else { continue }
            valid += 1
            writer.write(message)
            guard let back = try? DNSMessage(writer.bytes), back == message else {
                Issue.record("SEED=\(Self.seed), round \(round): \(octets)")
                return
            }
        }
        #expect(valid > 0)
    }

    @Test func madeMessagesComeBack() throws {
        var random = SeededRandom(seed: Self.seed &+ 1)
        var writer = MessageWriter()
        for round in 0..<Self.rounds / 10 {
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
        for _ in 0..<Self.rounds / 10 {
            let name = Self.name(&random)
            #expect(DNSName(name.description) == name)
        }
    }

    // MARK: Making

    private static func noise(_ random: inout SeededRandom) -> [UInt8] {
        var octets = (0..<Int.random(in: 0...80, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        // Few counts, or nothing behind the header would ever be looked at.
        for place in 4..<12 where place < octets.count {
            octets[place] = place % 2 == 0 ? 0 : UInt8.random(in: 0...2, using: &random)
        }
        return octets
    }

    private static func mutated(_ octets: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var octets = octets
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...octets.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where place < octets.count: octets.remove(at: place)
            case 1: octets.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 2: octets.removeLast(octets.count - place)
            case 3 where place < octets.count: octets[place] ^= 1 << UInt8(place % 8)
            case 4 where place + 1 < octets.count:
                octets[place] = 0xC0
                octets[place + 1] = UInt8.random(in: 0...63, using: &random)
            case let kind where place < octets.count && kind > 2:
                octets[place] = UInt8.random(in: 0...255, using: &random)
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
