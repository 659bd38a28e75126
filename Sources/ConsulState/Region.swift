/// A table of the state, for reads of whole tables. Each table declares a bit of its own.
package struct TableSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// A kind of record that reads find by a name. Each table declares its own.
package struct RegionKind: Hashable, Sendable {
    /// Contains no NUL; different for each kind.
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// The part of the state that a read looked at. A commit concerns the read when its `Changes`
/// affect the region: `WaiterIndex` has the rule.
package enum Region: Hashable, Sendable {
    case key(String)
    /// Every key with this prefix.
    case prefix(String)
    /// The records of a kind that have a name, in lower case, as the state compares names.
    case named(RegionKind, String)
    /// Any record in any of these tables.
    case tables(TableSet)

    /// Returns the region of a name in any case.
    package static func folding(_ kind: RegionKind, _ name: String) -> Region {
        .named(kind, TableKey.folded(name))
    }
}
