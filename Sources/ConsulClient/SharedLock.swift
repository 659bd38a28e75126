import ConsulModel
import Platform
package import Primitives
import Wire

/// A lock with several concurrent holders, which excludes exclusive holders.
///
/// A session of the group holds the key, and every holder renews it; the key's value lists the
/// holders and is written by compare-and-set. The last one unlocks it. When a holder dies, its key
/// in the queue is deleted with its session, and the others no longer count it; when all die, the
/// group's session ends by its TTL.
package struct SharedLock: HeldLock {
    private let queue: LockQueue
    private let keeper: SessionKeeper
    private let client: ConsulClient

    /// - Parameter keeper: keeps the contender's own session, which must delete its keys when it
    ///   ends, and the group's alive too.
    package init(prefix: String, keeper: SessionKeeper, client: ConsulClient) {
        queue = LockQueue(prefix: prefix, session: keeper.id, mode: .shared, client: client)
        self.keeper = keeper
        self.client = client
    }

    package var key: String { queue.lockKey }

    package func attempt() async throws(LockError) -> LockAttempt {
        let view = try await queue.view()
        if let lock = view.lock, view.group?.shared[queue.session] == true {
            return .held(token: lock.raftIndex.modifyIndex)
        }
        keeper.forgetCompanions()
        guard let place = view.place(of: queue.session) else {
            return try await queue.enter() ? attempt() : .raced
        }
        let isBehind = view.queue[..<place].contains {
            $0.note.mode != LockMode.shared.rawValue
        }
        if isBehind { return .taken(index: view.index) }
        guard let lock = view.lock, !lock.session.isEmpty else { return try await found() }
        guard let group = view.group else { return .taken(index: view.index) }
        return try await join(lock, group)
    }

    /// Creates a group with this holder only.
    private func found() async throws(LockError) -> LockAttempt {
        var session = NewSession()
        session.name = "Consul lock shared at '\(queue.prefix)'"
        session.ttl = "\(SessionKeeper.lockTTL)"
        session.checks = []
        let id: String
        let sentAt = SystemClock.now()
        do throws(ConsulClientError) {
            id = try await client.sessionCreate(session, timeout: SessionKeeper.lockTTL)
        } catch {
            throw .session(error)
        }
        var holders = SharedHolders()
        holders.shared[queue.session] = true
        let taking = KeyOperation(
            "lock", key, value: JSONWriter.encode(holders), flags: LockHolder.flags, session: id)
        keeper.addCompanion(id, renewedAt: sentAt)
        if try await queue.transact("acquire lock", [taking, queue.holding]) {
            return try await attempt()
        }
        keeper.removeCompanion(id)
        try? await client.sessionDestroy(id, timeout: Limits.partingTime)
        let now = try await queue.view()
        return now.lock?.session.isEmpty == false ? .raced : .delayed
    }

    /// A group can be joined only when its session certainly lives as long as this holder's own.
    private func join(
        _ lock: KVEntry, _ group: SharedHolders
    ) async throws(LockError) -> LockAttempt {
        let sentAt = SystemClock.now()
        let isAlive = try await client.locking("renew the group's session") {
            client throws(ConsulClientError) in
            try await client.sessionRenew(lock.session) != nil
        }
        guard isAlive else { return .raced }
        var group = group
        group.shared[queue.session] = true
        keeper.addCompanion(lock.session, renewedAt: sentAt)
        let operations = [written(group, over: lock), queue.holding]
        return try await queue.transact("acquire lock", operations) ? attempt() : .raced
    }

    private func written(_ group: SharedHolders, over lock: KVEntry) -> KeyOperation {
        KeyOperation(
            "cas", key, value: JSONWriter.encode(group), flags: LockHolder.flags,
            index: lock.raftIndex.modifyIndex)
    }

    package func waitForChange(
        after index: UInt64, atMost wait: GoDuration
    ) async throws(LockError) {
        try await queue.waitForChange(after: index, atMost: wait)
    }

    package func look(after index: UInt64) async throws(LockError) -> UInt64? {
        let view = try await queue.view(
            [("consistent", "")], after: index, wait: Limits.lockWait)
        return view.group?.shared[queue.session] == true ? view.index : nil
    }

    package func release() async throws(LockError) {
        for _ in 0..<Limits.releaseRacesMax {
            let view = try await queue.view()
            guard let lock = view.lock, var group = view.group, group.shared[queue.session] == true
            else { break }
            let alive = Set(view.queue.map { $0.session }).subtracting([queue.session])
            group.shared = group.shared.filter { alive.contains($0.key) }
            guard group.shared.isEmpty else {
                let operations = [written(group, over: lock), queue.leaving]
                guard try await queue.transact("release lock", operations) else { continue }
                keeper.removeCompanion(lock.session)
                return
            }
            let unchanged = KeyOperation("check-index", key, index: lock.raftIndex.modifyIndex)
            let letting = KeyOperation(
                "unlock", key, flags: LockHolder.flags, session: lock.session)
            let operations = [unchanged, letting, queue.leaving]
            guard try await queue.transact("release lock", operations) else { continue }
            keeper.removeCompanion(lock.session)
            try? await client.sessionDestroy(lock.session, timeout: Limits.partingTime)
            return
        }
        try await queue.leave()
    }

    package func cleanUp() async throws(LockError) -> Bool {
        try await LockHolder(key: key, session: queue.session, client: client).cleanUp()
    }
}
