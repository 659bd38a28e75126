/// A parsed expression.
indirect enum FilterNode: Sendable {
    case all([FilterNode])
    case any([FilterNode])
    case not(FilterNode)
    case match(FilterMatch)

    /// Returns the expression with every value converted to its selector's type.
    func bound(to subject: any Filterable.Type) throws(FilterError) -> FilterNode {
        switch self {
        case .all(let nodes):
            return .all(Self.merged(try Self.bound(nodes, to: subject), .notEqual))
        case .any(let nodes):
            return .any(Self.merged(try Self.bound(nodes, to: subject), .equal))
        case .not(let node): return .not(try node.bound(to: subject))
        case .match(var match):
            try match.bind(to: subject)
            return .match(match)
        }
    }

    private static func bound(
        _ nodes: [FilterNode], to subject: any Filterable.Type
    ) throws(FilterError) -> [FilterNode] {
        var result: [FilterNode] = []
        for node in nodes { result.append(try node.bound(to: subject)) }
        return result
    }

    /// Merges the comparisons of one selector with many texts into one comparison with a set, so
    /// that a long list costs one lookup for each record.
    ///
    /// - Parameter operation: `equal` within `or`, `notEqual` within `and`; the latter only for
    ///   fields of the record itself, because each comparison may be about another element of a
    ///   list.
    private static func merged(
        _ nodes: [FilterNode], _ operation: FilterMatch.Operation
    ) -> [FilterNode] {
        var places: [[String]: Int] = [:]
        var result: [FilterNode] = []
        for node in nodes {
            guard case .match(var match) = node, match.operation == operation,
                case .text(let text) = match.operand,
                operation == .equal || match.selector.count == 1
            else {
                result.append(node)
                continue
            }
            if let position = places[match.selector] {
                guard case .match(var first) = result[position],
                    case .oneOf(var texts) = first.operand
                else { continue }
                // The set has one reference, and is extended in place.
                first.operand = .none
                result[position] = .all([])
                texts.insert(Array(text.utf8))
                first.operand = .oneOf(texts)
                result[position] = .match(first)
            } else {
                places[match.selector] = result.count
                match.operand = .oneOf([Array(text.utf8)])
                result.append(.match(match))
            }
        }
        return result
    }

    func holds(for record: some Filterable) -> Bool {
        switch self {
        case .all(let nodes): nodes.allSatisfy { $0.holds(for: record) }
        case .any(let nodes): nodes.contains { $0.holds(for: record) }
        case .not(let node): !node.holds(for: record)
        case .match(let match): FilterProbe.test(match, record)
        }
    }
}

/// A selector, an operation and a value.
struct FilterMatch: Sendable {
    enum Operation: String, Sendable {
        case equal = "Equal"
        case notEqual = "Not Equal"
        case within = "In"
        case notWithin = "Not In"
        case isEmpty = "Is Empty"
        case isNotEmpty = "Is Not Empty"
        case matches = "Matches"
        case notMatches = "Not Matches"

        /// The operation whose opposite this is.
        var positive: Operation {
            switch self {
            case .notEqual: .equal
            case .notWithin: .within
            case .isNotEmpty: .isEmpty
            case .notMatches: .matches
            case .equal, .within, .isEmpty, .matches: self
            }
        }

        var isNegation: Bool { positive != self }
    }

    /// A value of the selector's type.
    enum Operand: Sendable {
        case none
        case text(String)
        /// Any of these texts, as bytes.
        case oneOf(Set<[UInt8]>)
        case bool(Bool)
        case integer(Int64)
        case unsigned(UInt64)
        case double(Double)
        case pattern(FilterPattern)
    }

    var selector: [String]
    var operation: Operation
    var value = ""
    var operand = Operand.none

    mutating func bind(to subject: any Filterable.Type) throws(FilterError) {
        let kind: FilterKind
        switch FilterKind.resolve(selector[...], in: subject) {
        case .kind(let found): kind = found
        case .invalid(let left):
            let bad = selector.dropLast(left).joined(separator: ".")
            throw FilterError(
                reason: "Selector \"\(bad)\" is not valid", isAboutFields: true)
        }
        guard kind.allows(operation.positive) else {
            throw FilterError(
                reason: "Invalid match operator \"\(operation.rawValue)\" "
                    + "for selector \"\(selector.joined(separator: "."))\"",
                isAboutFields: true)
        }
        operand = try read(as: kind)
    }

    private func read(as kind: FilterKind) throws(FilterError) -> Operand {
        if operation.positive == .isEmpty { return .none }
        if operation.positive == .matches { return .pattern(try FilterPattern(value)) }
        switch kind {
        case .bool:
            switch value {
            case "1", "t", "T", "TRUE", "true", "True": return .bool(true)
            case "0", "f", "F", "FALSE", "false", "False": return .bool(false)
            default: throw refusal("ParseBool")
            }
        case .integer:
            guard let number = Int64(value) else { throw refusal("ParseInt") }
            return .integer(number)
        case .unsigned:
            guard let number = UInt64(value) else { throw refusal("ParseUint") }
            return .unsigned(number)
        case .double:
            guard let number = Double(value) else { throw refusal("ParseFloat") }
            return .double(number)
        case .text, .texts, .map, .list, .record:
            return .text(value)
        }
    }

    private func refusal(_ function: String) -> FilterError {
        let digits = value.hasPrefix("-") ? value.dropFirst() : value[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        let reason = isNumber ? "value out of range" : "invalid syntax"
        return FilterError(
            reason: "Failed to coerce value \"\(value)\" for selector "
                + "\"\(selector.joined(separator: "."))\": strconv.\(function): "
                + "parsing \"\(value)\": \(reason)")
    }
}
