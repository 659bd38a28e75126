import ConsulModel
import Platform
import Primitives
package import Wire

/// Whether others may hold the lock at the same time.
package enum LockMode: String, Sendable {
    case exclusive, shared
}

/// The queue of a lock, with a key for each contender in the order of arrival:
/// `PREFIX/.queue/SESSION`, held by the contender's session, which deletes it when it ends. The
/// order is that of the keys' create indexes.
///
/// The lock itself is still `PREFIX/.lock`, so that clients without the queue exclude its holders
/// and are excluded by them; only they do not queue.
struct LockQueue: Sendable {
    /// The flags of the queue's keys.
    static let flags: UInt64 = 0x4c4f_434b_5155_4555

    let prefix: String
    let session: String
    let mode: LockMode
    let client: ConsulClient
    /// The time at which this contender joined the queue.
    let since = SystemClock.wallText()

    var lockKey: String { "\(prefix)/.lock" }
    private var ownKey: String { "\(prefix)/.queue/\(session)" }

    struct Entry: Sendable {
        var session: String
        var createIndex: UInt64
        var note: QueueNote
    }

    struct View: Sendable {
        /// The lock's key; nil when it does not exist.
        var lock: KVEntry?
        /// The living contenders, in order.
        var queue: [Entry] = []
        /// The index of the whole prefix.
        var index: UInt64 = 0

        /// The holders of a shared lock; nil when it is exclusive, or not held.
        var group: SharedHolders? {
            guard let lock, !lock.session.isEmpty, !lock.value.isEmpty else { return nil }
            return try? JSONReader.decode(SharedHolders.self, from: lock.value.array)
        }

        func place(of session: String) -> Int? { queue.firstIndex { $0.session == session } }
    }

    func view(
        _ further: [(String, String)] = [], after index: UInt64 = 0, wait: GoDuration = .zero
    ) async throws(LockError) -> View {
        let (entries, newest) = try await client.read(
            "\(prefix)/.", [("recurse", "")] + further, after: index, wait: wait, "read lock")
        return try Self.view(of: entries, prefix, newest)
    }

    static func view(
        of entries: [KVEntry], _ prefix: String, _ index: UInt64
    ) throws(LockError) -> View {
        var view = View()
        view.index = index
        for entry in entries {
            if entry.key == "\(prefix)/.lock" {
                guard entry.flags == LockHolder.flags else { throw .notALock }
                view.lock = entry
            } else if entry.key.hasPrefix("\(prefix)/.queue/"), !entry.session.isEmpty {
                let note = try? JSONReader.decode(QueueNote.self, from: entry.value.array)
                view.queue.append(
                    Entry(
                        session: entry.session, createIndex: entry.raftIndex.createIndex,
                        note: note ?? QueueNote()))
            }
        }
        view.queue.sort { $0.createIndex < $1.createIndex }
        return view
    }

    /// Joins the end of the queue.
    /// - Returns: false when the lock-delay prevents it.
    func enter() async throws(LockError) -> Bool {
        let parameters = [("flags", "\(Self.flags)"), ("acquire", session)]
        return try await client.locking("enter the queue") { client throws(ConsulClientError) in
            try await client.kvPut(ownKey, note(heldSince: ""), parameters)
        }
    }

    /// Returns the step that marks its contender as the holder, for a transaction with the
    /// acquisition.
    var holding: KeyOperation {
        KeyOperation(
            "lock", ownKey, value: note(heldSince: SystemClock.wallText()), flags: Self.flags,
            session: session)
    }

    var leaving: KeyOperation { KeyOperation("delete", ownKey) }

    func leave() async throws(LockError) {
        _ = try await client.locking("leave the queue") { client throws(ConsulClientError) in
            try await client.kvDelete(ownKey)
        }
    }

    func waitForChange(after index: UInt64, atMost wait: GoDuration) async throws(LockError) {
        _ = try await view(after: index, wait: wait)
    }

    func transact(_ doing: String, _ operations: [KeyOperation]) async throws(LockError) -> Bool {
        try await client.locking(doing) { client throws(ConsulClientError) in
            try await client.transact(operations)
        }
    }

    private func note(heldSince: String) -> [UInt8] {
        var note = QueueNote()
        note.mode = mode.rawValue
        note.waitingSince = since
        note.heldSince = heldSince
        return JSONWriter.encode(note)
    }
}

/// The value of a contender's key.
package struct QueueNote: Record, Hashable, Sendable {
    package var mode = LockMode.exclusive.rawValue
    package var waitingSince = ""
    /// Empty while it waits.
    package var heldSince = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Mode", &mode)
        try visit.field("WaitingSince", &waitingSince)
        try visit.field("HeldSince", &heldSince, .omitEmpty)
    }
}

/// The value of the key of a shared lock.
struct SharedHolders: Record {
    /// The holders' sessions.
    var shared: [String: Bool] = [:]
    init() {}
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Shared", &shared)
    }
}
