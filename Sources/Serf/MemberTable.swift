internal import Primitives

/// A member, with the facts that are not shown.
struct MemberEntry: Sendable {
    var member: SerfMember
    /// The encoded tags, to decode them only when they change.
    var meta: [UInt8]
    /// The Lamport time of the last intent about the member.
    var statusTime: UInt64 = 0
    /// The time at which it failed or left.
    var goneAt = Instant.zero
}

/// Every known member, by name and in the order of their names.
struct MemberTable: Sendable {
    private var entries: [String: MemberEntry] = [:]
    /// In ascending order.
    private(set) var names: [String] = []
    private(set) var failed = NameList()
    private(set) var left = NameList()
    /// Members that are alive, this node included.
    private(set) var aliveCount = 0
    /// Changes with each change of a `SerfMember`.
    private(set) var revision: UInt64 = 0

    var count: Int { names.count }

    subscript(name: String) -> MemberEntry? { entries[name] }

    /// Members in the order of their names.
    var members: [SerfMember] { names.compactMap { entries[$0]?.member } }

    /// Adds a member, or replaces the one of that name.
    mutating func set(_ entry: MemberEntry) {
        let name = entry.member.name
        if let old = entries[name] {
            uncount(old.member)
        } else {
            names.insert(name, at: index(of: name))
        }
        entries[name] = entry
        count(entry.member)
        revision += 1
    }

    /// Changes the Lamport time alone, which is not shown.
    mutating func setStatusTime(_ time: UInt64, of name: String) {
        entries[name]?.statusTime = time
    }

    mutating func setStatus(_ status: SerfMember.Status, of name: String) {
        guard let old = entries[name]?.member, old.status != status else { return }
        uncount(old)
        entries[name]?.member.status = status
        if let new = entries[name]?.member { count(new) }
        revision += 1
    }

    mutating func setGone(at now: Instant, _ name: String) { entries[name]?.goneAt = now }

    mutating func remove(_ name: String) -> SerfMember? {
        guard let entry = entries.removeValue(forKey: name) else { return nil }
        uncount(entry.member)
        names.remove(at: index(of: name))
        revision += 1
        return entry.member
    }

    // MARK: Indexes

    private mutating func count(_ member: SerfMember) {
        switch member.status {
        case .alive: aliveCount += 1
        case .failed: failed.insert(member.name)
        case .left: left.insert(member.name)
        case .leaving, .none: break
        }
    }

    private mutating func uncount(_ member: SerfMember) {
        switch member.status {
        case .alive: aliveCount -= 1
        case .failed: failed.remove(member.name)
        case .left: left.remove(member.name)
        case .leaving, .none: break
        }
    }

    /// Returns the index of the first name that is not less: a binary search.
    private func index(of name: String) -> Int {
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
