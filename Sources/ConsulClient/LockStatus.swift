import ConsulModel
package import Wire

/// The holders and waiters of a lock, as far as keys and sessions show them.
package struct LockStatus: Record, Hashable, Sendable {
    package var prefix = ""
    /// `lock`, `shared` or `semaphore`.
    package var kind = "lock"
    /// The largest number of holders; 0 for any number.
    package var limit = 1
    package var holders: [LockParty] = []
    /// The known waiters: contenders of a semaphore or of a queue, in the order of arrival, and
    /// sessions whose name refers to this lock.
    package var waiters: [LockParty] = []
    /// The session that holds the key for a group; empty without one.
    package var groupSession = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Prefix", &prefix)
        try visit.field("Kind", &kind)
        try visit.field("Limit", &limit)
        try visit.field("Holders", &holders)
        try visit.field("Waiters", &waiters)
        try visit.field("GroupSession", &groupSession, .omitEmpty)
    }
}

/// A holder or a waiter.
package struct LockParty: Record, Hashable, Sendable {
    package var session = ""
    package var name = ""
    package var node = ""
    /// `exclusive` or `shared`, for a contender of the queue.
    package var mode = ""
    /// The start of holding or waiting; empty where the key does not contain it.
    package var since = ""
    /// The lock index of the key, or the index of a waiter's session: it rises with time.
    package var index: UInt64 = 0
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Session", &session)
        try visit.field("Name", &name)
        try visit.field("Node", &node)
        try visit.field("Mode", &mode, .omitEmpty)
        try visit.field("Since", &since)
        try visit.field("Index", &index)
    }
}

extension ConsulClient {
    /// Returns the locks at and below a prefix, in byte order: held ones, and others whose keys
    /// exist.
    package func locks(below prefix: String) async throws(ConsulClientError) -> [LockStatus] {
        let sessions = try await sessionList()
        var found: [LockStatus] = []
        let keys = try await kvKeys(prefix, separator: "")
        let prefixes = Set(keys.compactMap { LockLayout.prefix(of: $0) })
            .filter { Self.stands($0, below: prefix) }
        for prefix in prefixes.sorted() {
            if let status = try await lock(at: prefix, sessions) { found.append(status) }
        }
        return found
    }

    private static func stands(_ lock: String, below prefix: String) -> Bool {
        let folder = prefix.hasSuffix("/") || prefix.isEmpty ? prefix : "\(prefix)/"
        return lock == prefix || lock.hasPrefix(folder)
    }

    /// - Returns: nil when there is no lock of that prefix.
    package func lock(at prefix: String) async throws(ConsulClientError) -> LockStatus? {
        try await lock(at: prefix, try await sessionList())
    }

    private func lock(
        at prefix: String, _ sessions: [Session]
    ) async throws(ConsulClientError) -> LockStatus? {
        let entries = try await kvList("\(prefix)/")
        return LockLayout(prefix: prefix, entries: entries, sessions: sessions).status
    }
}

/// Reads a lock's keys.
struct LockLayout {
    let prefix: String
    let entries: [KVEntry]
    let sessions: [Session]

    /// Returns the lock of a key that belongs to one, or to its queue; nil for any other.
    static func prefix(of key: String) -> String? {
        for mark in ["/.lock", "/.queue/"] {
            guard let place = key.firstRange(of: mark) else { continue }
            let isWhole = mark.hasSuffix("/") || place.upperBound == key.endIndex
            if isWhole { return String(key[..<place.lowerBound]) }
        }
        return nil
    }

    var status: LockStatus? {
        let lock = entries.first { $0.key == "\(prefix)/.lock" }
        if lock?.flags == Semaphore.flags {
            return lock.flatMap { semaphore($0) }
        }
        guard let view = try? LockQueue.view(of: entries, prefix, 0),
            view.lock != nil || !view.queue.isEmpty
        else { return nil }
        var status = LockStatus()
        status.prefix = prefix
        var held: Set<String> = []
        if let group = view.group, let lock = view.lock {
            status.kind = "shared"
            status.limit = 0
            status.groupSession = lock.session
            held = Set(group.shared.keys)
            status.holders = view.queue.filter { held.contains($0.session) }.map { party($0) }
        } else if let lock = view.lock, !lock.session.isEmpty {
            held = [lock.session]
            var holder =
                view.queue.first { $0.session == lock.session }.map { party($0) }
                ?? party(lock.session)
            holder.index = lock.raftIndex.modifyIndex
            status.holders = [holder]
        }
        let inLine = Set(view.queue.map { $0.session })
        status.waiters =
            view.queue.filter { !held.contains($0.session) }.map { party($0) }
            + waiting(besides: held.union(inLine))
        return status
    }

    private func semaphore(_ lock: KVEntry) -> LockStatus? {
        guard let said = try? JSONReader.decode(Semaphore.Holders.self, from: lock.value.array)
        else { return nil }
        var status = LockStatus()
        status.prefix = prefix
        status.kind = "semaphore"
        status.limit = said.limit
        let contenders = entries.filter {
            $0.flags == Semaphore.flags && !$0.session.isEmpty
                && $0.key == "\(prefix)/\($0.session)"
        }.sorted { $0.raftIndex.createIndex < $1.raftIndex.createIndex }
        for contender in contenders {
            var party = party(contender.session)
            party.index = contender.raftIndex.createIndex
            if said.holders[contender.session] == true {
                status.holders.append(party)
            } else {
                status.waiters.append(party)
            }
        }
        status.waiters += waiting(besides: Set(contenders.map { $0.session }))
        return status
    }

    private func party(_ session: String) -> LockParty {
        var party = LockParty()
        party.session = session
        if let known = sessions.first(where: { $0.id == session }) {
            party.name = known.name
            party.node = known.node
            party.index = known.raftIndex.createIndex
        }
        return party
    }

    private func party(_ entry: LockQueue.Entry) -> LockParty {
        var party = party(entry.session)
        party.mode = entry.note.mode
        party.since = entry.note.heldSince.isEmpty ? entry.note.waitingSince : entry.note.heldSince
        party.index = entry.createIndex
        return party
    }

    /// Returns the sessions with the name that `consul lock` gives them for this prefix.
    private func waiting(besides others: Set<String>) -> [LockParty] {
        sessions.filter {
            $0.name.hasPrefix("Consul lock for '") && $0.name.hasSuffix("' at '\(prefix)'")
                && !others.contains($0.id)
        }.sorted { $0.raftIndex.createIndex < $1.raftIndex.createIndex }.map { party($0.id) }
    }
}
