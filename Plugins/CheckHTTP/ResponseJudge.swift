import ConsulModel
import PluginAPI
import Primitives
import Wire

/// Compares an answer with a check's conditions (`expect`): status, body, JSON value, latency.
struct ResponseJudge: Sendable {
    /// Bytes of a body that are examined.
    private static let bodyBytesMax = 64 << 10

    private let expect: HTTPExpectation
    private let ranges: [ClosedRange<Int>]
    /// Nil without a condition on the body's text.
    private let pattern: TextPattern?

    init(_ expect: HTTPExpectation) throws {
        if let problem = Self.problems(in: expect).first {
            throw PluginAPIError.refused("\(problem.path): \(problem.message)")
        }
        self.expect = expect
        ranges = expect.status.compactMap { Self.range($0) }
        pattern = expect.body.isEmpty ? nil : try TextPattern(expect.body)
    }

    /// The bytes of the body to read; nil without a condition on the body.
    var bodyBytesNeeded: Int? {
        expect.body.isEmpty && expect.jsonPath.isEmpty ? nil : Self.bodyBytesMax
    }

    static func problems(in expect: HTTPExpectation) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        for (index, text) in expect.status.enumerated() where range(text) == nil {
            problems.append(
                DefinitionProblem(
                    "expect.status[\(index)]",
                    "\"\(text)\" is not a status or a range of them (for example 200-299)"))
        }
        do throws(TextPattern.Fault) {
            _ = try TextPattern(expect.body)
        } catch {
            problems.append(
                DefinitionProblem(
                    "expect.body", "\"\(expect.body)\" is no regular expression: \(error)"))
        }
        if expect.jsonPath.isEmpty, !expect.value.isEmpty {
            problems.append(DefinitionProblem("expect.value", "needs a json_path"))
        }
        return problems
    }

    private static func range(_ text: String) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let low = ends.first ?? nil, let high = ends.last ?? nil, ends.count <= 2,
            low >= 100, high <= 599, low <= high
        else { return nil }
        return low...high
    }

    /// Returns the status, and the violated condition in words.
    func verdict(on answer: HTTPProbeAnswer, latency: GoDuration) -> (CheckStatus, String) {
        if ranges.isEmpty {
            let status = HTTPCheck.status(answer.status)
            if status != .passing { return (status, "") }
        } else if !ranges.contains(where: { $0.contains(answer.status) }) {
            let expected = expect.status.joined(separator: ", ")
            return (.critical, "expected status \(expected), got \(answer.status)")
        }
        if let fault = bodyFault(answer.body) ?? valueFault(answer.body) {
            return (.critical, fault)
        }
        if expect.maxLatency > .zero, latency > expect.maxLatency {
            return (.warning, "answered in \(latency), expected at most \(expect.maxLatency)")
        }
        return (.passing, "")
    }

    private func bodyFault(_ body: [UInt8]) -> String? {
        guard let pattern else { return nil }
        let found = pattern.matches(Self.matchable(body))
        if found == !expect.negate { return nil }
        return expect.negate
            ? "the body matches \(expect.body)" : "the body does not match \(expect.body)"
    }

    /// Returns the beginning of a body, within a pattern's bound on its input.
    private static func matchable(_ body: [UInt8]) -> String {
        let most = TextPattern.subjectBytesMax
        let text = String(decoding: body.prefix(most), as: UTF8.self)
        // A byte that is not UTF-8 becomes three bytes.
        guard text.utf8.count > most else { return text }
        return String(decoding: body.prefix(most / 3), as: UTF8.self)
    }

    private func valueFault(_ body: [UInt8]) -> String? {
        guard !expect.jsonPath.isEmpty else { return nil }
        guard let document = try? JSONReader.decode(JSONValue.self, from: body) else {
            return "the body is not JSON"
        }
        let found = Self.text(at: expect.jsonPath, in: document)
        if (found == expect.value) == !expect.negate { return nil }
        let shown = found.map { "\"\($0)\"" } ?? "missing"
        return "\(expect.jsonPath) is \(shown), expected \(expect.negate ? "not " : "")"
            + "\"\(expect.value)\""
    }

    /// Follows names and numbers between dots; returns nil for a missing value.
    private static func text(at path: String, in document: JSONValue) -> String? {
        var place = document
        for step in path.split(separator: ".") {
            switch place {
            case .object(let object):
                guard let next = object[String(step)] else { return nil }
                place = next
            case .array(let array):
                guard let index = Int(step), array.indices.contains(index) else { return nil }
                place = array[index]
            default: return nil
            }
        }
        if let text = place.stringValue { return text }
        return String(decoding: JSONWriter.encode(place), as: UTF8.self)
    }
}
