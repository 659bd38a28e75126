import ConsulModel
import Primitives
import Testing

/// Expressions of the filter language.
@Suite(.timeLimit(.minutes(60))) struct FilterFuzzTests {
    private static let words = [
        " and ", " or ", "not ", " in ", " not in ", " contains ", " is empty", " == ", " != ",
        " matches ", "ServiceTags", "ServiceMeta", "ServicePort", "Node", "(?i)", "{1000}", "(?:",
        "[^", "\\b", "\\x{10FFFF}", "*", "+?", "|", "[:alpha:]", "a-z",
    ]
    private static let mutator = Mutator(Corpus.lines("filter"), words: words, bytesMax: 10_000)

    private static let records: [ServiceNode] = {
        var first = ServiceNode()
        first.service.service = "web"
        first.service.tags = ["v1", "é"]
        first.service.meta = ["rack": "r1", "": "x"]
        first.service.port = 80
        first.node.node = "a b"
        return [first, ServiceNode()]
    }()

    private static func parsed(_ text: String) -> Result<Filter, FilterError> {
        do throws(FilterError) {
            return .success(try Filter(text, for: ServiceNode.self))
        } catch {
            return .failure(error)
        }
    }

    /// Any input is refused or works, and its negation is the opposite.
    private static func fault(in text: String) -> String? {
        guard case .success(let filter) = parsed(text) else { return nil }
        let answers = records.map(filter.matches)
        switch parsed("not ( \(text) )") {
        case .failure(let error):
            let isBound = error.reason.contains("more than") || error.reason.contains("longer")
            return isBound ? nil : "the negation is refused: \(error)"
        case .success(let negation):
            return records.map { !negation.matches($0) } == answers
                ? nil : "the negation is not the opposite"
        }
    }

    @Test func mutated() {
        Fuzz.run("FilterFuzzTests/mutated", rounds: 4000) { random in
            let text = Self.mutator.text(&random)
            return Self.fault(in: text).map { "\($0)\nof \(Fuzz.shown(text.utf8))" }
        }
    }

    @Test func madeByTheGrammar() {
        Fuzz.run("FilterFuzzTests/madeByTheGrammar", rounds: 3000) { random in
            let text = Self.expression(&random, depth: 5)
            if case .failure(let error) = Self.parsed(text) { return "\(error)\nof \(text)" }
            return Self.fault(in: text).map { "\($0)\nof \(text)" }
        }
    }

    @Test func patterns() {
        let mutator = Mutator(
            ["^w(e|x)b[0-9]*$", "(?i)\\bWEB\\b", "[[:alpha:]\\d-z]{2,5}(?P<n>x*)+", "a||b(|c)"]
                .map { Array($0.utf8) }, words: Self.words, bytesMax: 1500)
        Fuzz.run("FilterFuzzTests/patterns", rounds: 3000) { random in
            let pattern = mutator.text(&random).filter { $0 != "`" }
            let text = "ServiceName matches `\(pattern)`"
            return Self.fault(in: text).map { "\($0)\nof \(Fuzz.shown(text.utf8))" }
        }
    }

    private static func expression(_ random: inout SeededRandom, depth: Int) -> String {
        switch depth == 0 ? 9 : Int.random(in: 0..<10, using: &random) {
        case 0, 1:
            let joint = Bool.random(using: &random) ? " and " : "\tor\n"
            return expression(&random, depth: depth - 1) + joint
                + expression(&random, depth: depth - 1)
        case 2: return "not \(expression(&random, depth: depth - 1))"
        case 3: return "( \(expression(&random, depth: depth - 1)))"
        default: return match(&random)
        }
    }

    private static func match(_ random: inout SeededRandom) -> String {
        let value = ["web", "\"a b\"", "`é`", "v1", "\"\""].randomElement(using: &random) ?? ""
        let text = ["Node", "ServiceName", "ServiceMeta.rack"].randomElement(using: &random) ?? ""
        let list = ["ServiceTags", "ServiceMeta"].randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return "\(text) == \(value)"
        case 1: return "\(text)!=\(value)"
        case 2: return "\(list) is not empty"
        case 3: return "\(value) not in \(list)"
        case 4: return "\(list) contains \(value)"
        default: return "\(text) matches \(value)"
        }
    }
}
