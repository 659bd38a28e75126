internal import Primitives
internal import Wire

/// Descends a record along a selector and tests the value at its end.
struct FilterProbe: FieldVisitor {
    let match: FilterMatch
    let depth: Int
    var result: Bool?

    static func test(_ match: FilterMatch, _ record: some Record) -> Bool {
        probe(match, record, at: 0) ?? false
    }

    /// Finds a field of this name, as answers spell it.
    static func selects(_ wanted: String, _ name: StaticString, _ rule: FieldRule) -> Bool {
        rule.isDisjoint(with: [.inputOnly, .binaryOnly])
            && name.withUTF8Buffer { wanted.utf8.elementsEqual($0) }
    }

    private static func probe(
        _ match: FilterMatch, _ record: some Record, at depth: Int
    ) -> Bool? {
        var probe = FilterProbe(match: match, depth: depth)
        var record = record
        do { try record.fields(&probe) } catch { preconditionFailure("probing threw \(error)") }
        return probe.result
    }

    mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        guard result == nil, Self.selects(match.selector[depth], name, rule) else { return }
        result = Self.ask(match, value, at: depth + 1)
    }

    mutating func embed<R: Record>(_ value: inout R) throws {
        if R.self != RaftIndex.self { try value.fields(&self) }
    }

    static func ask(_ match: FilterMatch, _ value: some WireValue, at depth: Int) -> Bool? {
        if let value = value as? any FilterNest, value.isThrough(match, depth) {
            return value.ask(match, at: depth)
        }
        if depth < match.selector.count {
            guard let record = value as? any Record else { return nil }
            return probe(match, record, at: depth)
        }
        let holds = match.holdsPositively(value)
        return match.operation.isNegation ? !holds : holds
    }
}

extension FilterMatch {
    /// Returns the result for a missing value. Consul counts every pattern as matched then.
    var holdsOfNothing: Bool { operation.isNegation || operation == .matches }

    func holdsPositively(_ value: some WireValue) -> Bool {
        switch operation.positive {
        case .isEmpty: value.isWireEmpty
        case .within: holdsWithin(value)
        case .equal: isEqual(value)
        default:
            if case .pattern(let pattern) = operand, let text = value as? String {
                pattern.matches(text)
            } else {
                false
            }
        }
    }

    private func isEqual(_ value: some WireValue) -> Bool {
        switch operand {
        case .text(let text): (value as? String)?.utf8.elementsEqual(text.utf8) ?? false
        case .oneOf(let texts): (value as? String).map { texts.contains(Array($0.utf8)) } ?? false
        case .bool(let wanted): value as? Bool == wanted
        case .integer(let wanted): (value as? Int).map { Int64($0) == wanted } ?? false
        case .unsigned(let wanted): value as? UInt64 == wanted
        case .double(let wanted): value as? Double == wanted
        case .none, .pattern: false
        }
    }

    /// Tests a substring, an element of a list or a key of a map.
    private func holdsWithin(_ value: some WireValue) -> Bool {
        guard case .text(let wanted) = operand else { return false }
        if let text = value as? String { return text.hasBytes(of: wanted) }
        if let list = value as? [String] {
            return list.contains { $0.utf8.elementsEqual(wanted.utf8) }
        }
        return (value as? any FilterNest)?.hasKey(wanted) ?? false
    }
}

/// A value that a selector may pass through without naming a field.
protocol FilterNest {
    /// False when the selector ends here and tests the value as a whole.
    func isThrough(_ match: FilterMatch, _ depth: Int) -> Bool
    func ask(_ match: FilterMatch, at depth: Int) -> Bool?
    func hasKey(_ key: String) -> Bool
}

extension FilterNest {
    func isThrough(_ match: FilterMatch, _ depth: Int) -> Bool { depth < match.selector.count }
    func hasKey(_ key: String) -> Bool { false }
}

extension Array: FilterNest where Element: WireValue {
    func ask(_ match: FilterMatch, at depth: Int) -> Bool? {
        contains { FilterProbe.ask(match, $0, at: depth) ?? false }
    }
}

extension Dictionary: FilterNest where Key == String, Value: WireValue {
    func ask(_ match: FilterMatch, at depth: Int) -> Bool? {
        guard let value = self[match.selector[depth]] else { return match.holdsOfNothing }
        return FilterProbe.ask(match, value, at: depth + 1)
    }

    func hasKey(_ key: String) -> Bool { self[key] != nil }
}

extension Optional: FilterNest where Wrapped: WireValue {
    func isThrough(_ match: FilterMatch, _ depth: Int) -> Bool { true }

    func ask(_ match: FilterMatch, at depth: Int) -> Bool? {
        guard let self else { return match.holdsOfNothing }
        return FilterProbe.ask(match, self, at: depth)
    }
}

extension String {
    /// Returns true when this text contains the bytes of `part`.
    fileprivate func hasBytes(of part: String) -> Bool {
        let part = Array(part.utf8)
        var rest = utf8[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            if rest.isEmpty { return false }
            rest.removeFirst()
        }
        return false
    }
}
