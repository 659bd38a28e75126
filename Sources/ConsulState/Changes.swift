/// What a commit touched, as reads see it.
///
/// Every change that meets a read's region has also moved that read's index; the reverse does not
/// hold, as some indexes are those of whole tables.
package struct Changes: Hashable, Sendable {
    package var keys: [String] = []
    /// Prefixes whose keys were deleted as one.
    package var keyTrees: [String] = []
    package var services: [String] = []
    package var serviceChecks: [String] = []
    package var nodes: [String] = []
    package var nodeChecks: [String] = []
    package var checkStates: [String] = []
    package var sessions: [String] = []
    package var nodeSessions: [String] = []
    package var nodeCoordinates: [String] = []
    package var tables: TableSet = []
    /// What sessions and coordinates may have hung on: of the newest command, and settled with it.
    var losses: [Loss] = []
    /// Keys whose holders' sessions ended.
    package var lostLocks: [LostLock] = []
    package init() {}

    package var isEmpty: Bool { keys.isEmpty && keyTrees.isEmpty && tables.isEmpty }

    /// Those of the command before are settled, and must not be again: what hangs on the same name
    /// now may have come since.
    mutating func forgetLosses() {
        if !losses.isEmpty { losses = [] }
    }

    package mutating func merge(_ other: Changes) {
        keys += other.keys
        keyTrees += other.keyTrees
        services += other.services
        serviceChecks += other.serviceChecks
        nodes += other.nodes
        nodeChecks += other.nodeChecks
        checkStates += other.checkStates
        sessions += other.sessions
        nodeSessions += other.nodeSessions
        nodeCoordinates += other.nodeCoordinates
        tables.formUnion(other.tables)
        losses += other.losses
        lostLocks += other.lostLocks
    }

    /// True when a read of `region` must look again. Who keeps many regions looks them up by these
    /// fields instead; this is the rule that both follow.
    package func meets(_ region: Region) -> Bool {
        switch region {
        case .key(let key):
            keys.contains { $0.utf8.elementsEqual(key.utf8) }
                || keyTrees.contains { key.utf8.starts(with: $0.utf8) }
        case .prefix(let prefix):
            keys.contains { $0.utf8.starts(with: prefix.utf8) }
                || keyTrees.contains {
                    $0.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: $0.utf8)
                }
        case .service(let name): Self.has(name, in: services)
        case .serviceChecks(let name): Self.has(name, in: serviceChecks)
        case .node(let name): Self.has(name, in: nodes)
        case .nodeChecks(let name): Self.has(name, in: nodeChecks)
        case .checkState(let state): Self.has(state, in: checkStates)
        case .session(let id): Self.has(id, in: sessions)
        case .nodeSessions(let name): Self.has(name, in: nodeSessions)
        case .nodeCoordinates(let name): Self.has(name, in: nodeCoordinates)
        case .tables(let set): !tables.isDisjoint(with: set)
        }
    }

    /// Compared by bytes: Swift's own comparison takes some different spellings for equal.
    private static func has(_ name: String, in names: [String]) -> Bool {
        names.contains { $0.utf8.elementsEqual(name.utf8) }
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
