internal import Primitives
internal import Wire

/// What a selector leads to.
enum FilterKind: Sendable {
    case text, bool, integer, unsigned, double
    case texts
    /// A list of something else.
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
        /// Not a field; so many parts of the selector are left after the wrong one.
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
            // Consul leaves definitions of checks out of its language.
            if T.self == HealthCheckDefinition.self {
                found = .invalid(left: rest.count)
            } else {
                found = FilterKind.resolve(rest, in: T.self)
                // A type that cannot be selected at all is the fault of this name.
                if case .invalid(let left) = found, left > rest.count {
                    found = .invalid(left: rest.count)
                }
            }
        }

        /// Indexes of records are no part of the language.
        mutating func embed<R: Record>(_ value: inout R) throws {
            if R.self != RaftIndex.self { try value.fields(&self) }
        }
    }
}

/// A type of values, other than records, that selectors may lead to or through.
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
        // Values of no known type cannot be asked about, nor can their map.
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
