/// What a commit touched, as reads see it.
///
/// Every change that meets a read's region has also moved that read's index; the reverse does not
/// hold, as some indexes are those of whole tables.
package struct Changes: Hashable, Sendable {
    package var keys: [String] = []
    /// Prefixes whose keys were deleted as one.
    package var keyTrees: [String] = []
    package private(set) var names: [RegionName] = []
    package var tables: TableSet = []
    /// What sessions and coordinates may have hung on: of the newest command, and settled with it.
    var losses: [Loss] = []
    /// Keys whose holders' sessions ended.
    package var lostLocks: [LostLock] = []
    package init() {}

    package var isEmpty: Bool {
        keys.isEmpty && keyTrees.isEmpty && names.isEmpty && tables.isEmpty
    }

    /// Adds the records of a kind that have this name, in any case.
    package mutating func touch(_ kind: RegionKind, _ name: String) {
        names.append(RegionName(kind, TableKey.folded(name)))
    }

    /// Those of the command before are settled, and must not be again: what hangs on the same name
    /// now may have come since.
    mutating func forgetLosses() {
        if !losses.isEmpty { losses = [] }
    }

    package mutating func merge(_ other: Changes) {
        keys += other.keys
        keyTrees += other.keyTrees
        names += other.names
        tables.formUnion(other.tables)
        losses += other.losses
        lostLocks += other.lostLocks
    }
}

/// The records of a kind that have one name, as in `Region.named`.
package struct RegionName: Hashable, Sendable {
    package let kind: RegionKind
    package let name: String

    init(_ kind: RegionKind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

/// Something went on which sessions or coordinates may have hung; names as they stood in the
/// catalog.
enum Loss: Hashable, Sendable {
    case node(String)
    /// The check went, or turned critical.
    case check(id: String, node: String)
}

/// A key whose holder's session ended, which bars it from being locked again for a while. The time
/// is not part of the state: each server counts it by its own clock.
package struct LostLock: Hashable, Sendable {
    package var key: String
    /// Above zero.
    package var delayNanoseconds: Int
}
