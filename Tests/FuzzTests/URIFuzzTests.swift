import Primitives
import Testing

@testable import ConsulHTTP

/// Targets of requests: percent escapes, parameters, paths.
@Suite(.timeLimit(.minutes(60))) struct URIFuzzTests {
    private static let mutator = Mutator(
        Corpus.lines("uri"), words: ["%25", "%C3%A9", "%c3", "+", "?", "/./", "/../", "/v1/kv/"])

    /// The rules in a second form, byte by byte.
    private static func decoded(_ bytes: some Sequence<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
        var out: [UInt8] = []
        var rest = Array(bytes)[...]
        while let byte = rest.popFirst() {
            if byte == 0x25 {
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard rest.count >= 2, digits.allSatisfy(\.isHexDigit),
                    digits.utf8.count == 2, let value = UInt8(digits, radix: 16)
                else { return nil }
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
            }
        }
        return String(validating: out, as: UTF8.self) == nil ? nil : out
    }

    @Test func escapes() {
        Fuzz.run("URIFuzzTests/escapes", rounds: 10_000) { random in
            let text = Self.mutator.text(&random)
            for plusIsSpace in [false, true] {
                let found = PercentDecoding.decode(text[...], plusIsSpace: plusIsSpace)
                let model = Self.decoded(text.utf8, plusIsSpace: plusIsSpace)
                guard found.map({ Array($0.utf8) }) == model else {
                    return "decoded otherwise: \(Fuzz.shown(text.utf8))"
                }
            }
            let back = PercentDecoding.decode(PercentDecoding.encode(path: text)[...])
            return back.map { $0.utf8.elementsEqual(text.utf8) } == true
                ? nil : "not its own inverse: \(Fuzz.shown(text.utf8))"
        }
    }

    @Test func parameters() {
        Fuzz.run("URIFuzzTests/parameters", rounds: 6000) { random in
            let text = Self.mutator.text(&random)
            let found = QueryParameters(text[...])
            let parts = Array(text.utf8).split { $0 == 0x26 || $0 == 0x3B }
            for part in parts.prefix(250) {
                let sides = part.split(
                    separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = Self.decoded(sides[0], plusIsSpace: true),
                    let value = sides.count == 2
                        ? Self.decoded(sides[1], plusIsSpace: true) : []
                else { return found.fault == nil ? "took \(Fuzz.shown(part))" : nil }
                let values = found.all(String(decoding: name, as: UTF8.self))
                guard values.contains(where: { $0.utf8.elementsEqual(value) }) else {
                    return "lost \(Fuzz.shown(part)) of \(Fuzz.shown(text.utf8))"
                }
            }
            _ = try? found.options(token: "")
            _ = try? found.unsigned("flags")
            _ = try? found.flag("passing")
            return nil
        }
    }

    /// A path is redirected at most once: no client is sent in circles.
    @Test func paths() {
        Fuzz.run("URIFuzzTests/paths", rounds: 6000) { random in
            let text = Self.mutator.text(&random)
            guard case .moved(let place) = RequestPath(text[...], .standard) else { return nil }
            if case .moved(let further) = RequestPath(place[...], .standard) {
                // A group is given its `/` in a second step, as Go does it.
                guard case .moved = RequestPath(further[...], .standard) else { return nil }
                return "\(Fuzz.shown(text.utf8)) → \(place) → \(further) → …"
            }
            return nil
        }
    }
}
