/// The records that a commit touched, as reads see them.
///
/// Every change that affects a read's region has also moved that read's index; the reverse does not
/// hold, as some indexes are those of whole tables.
package struct Changes: Hashable, Sendable {
    package var keys: [String] = []
    /// Prefixes whose keys were deleted as one.
    package var keyTrees: [String] = []
    package private(set) var names: [RegionName] = []
    package var tables: TableSet = []
    /// The removed records on which sessions and coordinates may depend: those of the newest
    /// command, which settles them.
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

    /// Forgets the losses of the previous command. They are settled, and must not be settled again:
    /// a session or coordinate that depends on the same name now may be newer than the loss.
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

/// A removed record on which sessions or coordinates may depend; names as the catalog spelled them.
enum Loss: Hashable, Sendable {
    case node(String)
    /// The check was removed, or turned critical.
    case check(id: String, node: String)
}

/// A key whose holder's session ended. The key cannot be locked again until a delay has passed. The
/// delay's end is not part of the state: each server measures it with its own clock.
package struct LostLock: Hashable, Sendable {
    package var key: String
    /// Above zero.
    package var delayNanoseconds: Int
}
