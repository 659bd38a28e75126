import ConsulModel
import Primitives
import Testing
import Wire

/// Bodies in JSON: any text is read or refused, and a read value is written and read back
/// unchanged.
@Suite(.timeLimit(.minutes(60))) struct JSONFuzzTests {
    private static let mutator = Mutator(
        Corpus.files("json"), words: ["\"TTL\":", "\"Port\":", "{}", "[]", "\"Meta\":", "{\"a\":"])

    private static func fault<T: WireValue & Equatable>(
        in bytes: [UInt8], as type: T.Type
    ) -> String? {
        let value: T
        do {
            value = try JSONReader.decode(T.self, from: bytes)
        } catch let error as JSONError {
            let isInside = error.offset >= 0 && error.offset <= bytes.count && error.line >= 1
            return isInside ? nil : "\(T.self): an error outside of the text: \(error)"
        } catch {
            return "\(T.self): \(error)"
        }
        for pretty in [false, true] {
            let written = JSONWriter.encode(value, pretty: pretty, audience: .client)
            guard let again = try? JSONReader.decode(T.self, from: written) else {
                return "\(T.self): cannot read what was written: \(Fuzz.shown(written))"
            }
            guard again == value else {
                return "\(T.self): reads back as another value: \(Fuzz.shown(written))"
            }
            guard JSONWriter.encode(again, pretty: pretty, audience: .client) == written else {
                return "\(T.self): is written in two ways: \(Fuzz.shown(written))"
            }
        }
        return nil
    }

    private static func check<T: WireValue & Equatable>(_ type: T.Type, _ test: String) {
        Fuzz.run("JSONFuzzTests/\(test)", rounds: 1500) { random in
            let bytes = mutator.input(&random)
            return fault(in: bytes, as: type).map { "\($0)\nof \(Fuzz.shown(bytes))" }
        }
    }

    @Test func registrations() { Self.check(RegisterRequest.self, "registrations") }
    @Test func services() { Self.check(ServiceDefinition.self, "services") }
    @Test func checks() { Self.check(CheckDefinition.self, "checks") }
    @Test func watches() { Self.check(WatchDefinition.self, "watches") }
    @Test func values() { Self.check(JSONValue.self, "values") }

    @Test func texts() {
        Fuzz.run("JSONFuzzTests/texts", rounds: 3000) { random in
            let text = Self.mutator.text(&random)
            let written = JSONWriter.encode(text)
            let again = try JSONReader.decode(String.self, from: written)
            return again.utf8.elementsEqual(text.utf8) ? nil : "lost: \(Fuzz.shown(text.utf8))"
        }
    }

    @Test func bytes() {
        Fuzz.run("JSONFuzzTests/bytes", rounds: 3000) { random in
            let value = Bytes(Self.mutator.input(&random))
            let again = try JSONReader.decode(Bytes.self, from: JSONWriter.encode(value))
            return again == value ? nil : "lost: \(Fuzz.shown(value.array))"
        }
    }

    /// Go's text form: a printed duration is read as the same.
    @Test func durations() {
        Fuzz.run("JSONFuzzTests/durations", rounds: 20_000) { random in
            let digits = Int64.random(in: 0...63, using: &random)
            let value = GoDuration(
                nanoseconds: Int64.random(in: .min ... .max, using: &random) >> digits)
            let text = value.description
            // The smallest of all is printed by Go, and not read by it.
            if value.nanoseconds == .min { return nil }
            return GoDuration(text) == value ? nil : "\(value.nanoseconds) is printed as \(text)"
        }
    }
}
