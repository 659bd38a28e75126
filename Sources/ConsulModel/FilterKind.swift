internal import Primitives
internal import Wire

/// The type that a selector ends at.
enum FilterKind: Sendable {
    case text, bool, integer, unsigned, double
    case texts
    /// A list of another kind.
    case list
    case map
    case record

    func allows(_ operation: FilterMatch.Operation) -> Bool {
        switch self {
        case .text: operation != .isEmpty
        case .bool, .integer, .unsigned, .double: operation == .equal
        case .texts, .map: operation == .within || operation == .isEmpty
        case .list: operation == .isEmpty
        case .record: false
        }
    }

    enum Resolution {
        case kind(FilterKind)
        /// Not a field; the number of selector parts after the wrong one.
        case invalid(left: Int)
    }

    static func resolve(_ path: ArraySlice<String>, in type: any WireValue.Type) -> Resolution {
        if let type = type as? any Record.Type { return resolve(path, inRecord: type) }
        if let type = type as? any FilterTyped.Type { return type.resolve(path) }
        return .invalid(left: path.count)
    }

    private static func resolve<R: Record>(
        _ path: ArraySlice<String>, inRecord type: R.Type
    ) -> Resolution {
        guard let name = path.first else { return .kind(.record) }
        var finder = FieldFinder(name: name, rest: path.dropFirst())
        var record = R()
        do { try record.fields(&finder) } catch { preconditionFailure("looking threw \(error)") }
        return finder.found ?? .invalid(left: path.count - 1)
    }

    /// Finds the type of one field.
    private struct FieldFinder: FieldVisitor {
        let name: String
        let rest: ArraySlice<String>
        var found: Resolution?

        mutating func field<T: WireValue>(
            _ name: StaticString, _ value: inout T, _ rule: FieldRule
        ) throws {
            guard found == nil, FilterProbe.selects(self.name, name, rule) else { return }
            // Consul excludes definitions of checks from its language.
            if T.self == HealthCheckDefinition.self {
                found = .invalid(left: rest.count)
            } else {
                found = FilterKind.resolve(rest, in: T.self)
                // A type that cannot be selected is a fault of this name.
                if case .invalid(let left) = found, left > rest.count {
                    found = .invalid(left: rest.count)
                }
            }
        }

        /// Raft indexes of records are not part of the language.
        mutating func embed<R: Record>(_ value: inout R) throws {
            if R.self != RaftIndex.self { try value.fields(&self) }
        }
    }
}

/// A type of values, other than records, that a selector may end at or pass through.
protocol FilterTyped {
    static func resolve(_ path: ArraySlice<String>) -> FilterKind.Resolution
}

/// A type that selectors end at.
protocol FilterLeaf: FilterTyped {
    static var filterKind: FilterKind { get }
}

extension FilterLeaf {
    static func resolve(_ path: ArraySlice<String>) -> FilterKind.Resolution {
        path.isEmpty ? .kind(filterKind) : .invalid(left: path.count - 1)
    }
}

extension String: FilterLeaf { static var filterKind: FilterKind { .text } }
extension Bool: FilterLeaf { static var filterKind: FilterKind { .bool } }
extension Int: FilterLeaf { static var filterKind: FilterKind { .integer } }
extension UInt64: FilterLeaf { static var filterKind: FilterKind { .unsigned } }
extension Double: FilterLeaf { static var filterKind: FilterKind { .double } }

extension Array: FilterTyped where Element: WireValue {
    static func resolve(_ path: ArraySlice<String>) -> FilterKind.Resolution {
        if path.isEmpty { return .kind(Element.self == String.self ? .texts : .list) }
        guard Element.self is any Record.Type else { return .invalid(left: path.count - 1) }
        return FilterKind.resolve(path, in: Element.self)
    }
}

extension Dictionary: FilterTyped where Key == String, Value: WireValue {
    static func resolve(_ path: ArraySlice<String>) -> FilterKind.Resolution {
        // Values of an unknown type cannot be compared, nor can their map.
        if Value.self == JSONValue.self { return .invalid(left: path.count) }
        if path.isEmpty { return .kind(.map) }
        return FilterKind.resolve(path.dropFirst(), in: Value.self)
    }
}

extension Optional: FilterTyped where Wrapped: WireValue {
    static func resolve(_ path: ArraySlice<String>) -> FilterKind.Resolution {
        FilterKind.resolve(path, in: Wrapped.self)
    }
}
