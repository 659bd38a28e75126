import ConsulModel
public import Primitives
import Wire

/// A slot of a semaphore, in the layout of HashiCorp's clients: `PREFIX/.lock` lists the holders,
/// each contender locks `PREFIX/SESSION`, and a holder without such a key is dead.
public struct Semaphore: HeldLock {
    /// The flags of both kinds of keys (Consul's own).
    public static let flags: UInt64 = 0xe0f6_9a2b_aa41_4de0

    private let prefix: String
    private let session: String
    private let limit: Int
    private let client: ConsulClient

    public init(prefix: String, limit: Int, session: String, client: ConsulClient) {
        self.prefix = LockPath.cleaned(prefix)
        self.limit = limit
        self.session = session
        self.client = client
    }

    public var key: String { "\(prefix)/.lock" }
    private var contenderKey: String { "\(prefix)/\(session)" }

    /// The value of the key.
    struct Holders: Record {
        var limit = 0
        var holders: [String: Bool] = [:]
        init() {}
        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("Limit", &limit)
            try visit.field("Holders", &holders)
        }
    }

    private struct View {
        var holders = Holders()
        /// The modify index of the key; 0 when it does not exist.
        var modifyIndex: UInt64 = 0
        /// The index of the whole prefix.
        var index: UInt64 = 0
        var contends = false
    }

    public func attempt() async throws(LockError) -> LockAttempt {
        var view = try await view()
        if view.modifyIndex > 0, view.holders.limit != limit {
            throw .limitConflict(lock: view.holders.limit, local: limit)
        }
        guard view.contends else { return try await contend() ? .raced : .delayed }
        if view.holders.holders[session] == true { return .held(token: view.modifyIndex) }
        if view.holders.holders.count >= limit { return .taken(index: view.index) }
        view.holders.limit = limit
        view.holders.holders[session] = true
        return try await write(view) ? try await token() : .raced
    }

    /// Locks the contender's own key.
    private func contend() async throws(LockError) -> Bool {
        let parameters = [("flags", "\(Self.flags)"), ("acquire", session)]
        return try await client.locking("make contender entry") {
            client throws(ConsulClientError) in
            try await client.kvPut(contenderKey, [], parameters)
        }
    }

    private func token() async throws(LockError) -> LockAttempt {
        let view = try await view()
        return view.holders.holders[session] == true ? .held(token: view.modifyIndex) : .raced
    }

    public func waitForChange(
        after index: UInt64, atMost wait: GoDuration
    ) async throws(LockError) {
        _ = try await view(after: index, wait: wait)
    }

    public func look(after index: UInt64) async throws(LockError) -> UInt64? {
        let view = try await view([("consistent", "")], after: index, wait: Limits.lockWait)
        return view.holders.holders[session] == true ? view.index : nil
    }

    public func release() async throws(LockError) {
        for _ in 0..<Limits.releaseRacesMax {
            var view = try await view()
            guard view.holders.holders.removeValue(forKey: session) != nil else { break }
            if try await write(view) { break }
        }
        _ = try await client.locking("remove contender entry") {
            client throws(ConsulClientError) in
            try await client.kvDelete(contenderKey)
        }
    }

    public func cleanUp() async throws(LockError) -> Bool {
        let view = try await view()
        if view.modifyIndex == 0 { return true }
        guard view.holders.holders.isEmpty else { return false }
        return try await client.locking("remove semaphore") { client throws(ConsulClientError) in
            try await client.kvDelete(key, [("cas", "\(view.modifyIndex)")])
        }
    }

    /// - Returns: false when another client wrote meanwhile.
    private func write(_ view: View) async throws(LockError) -> Bool {
        let body = JSONWriter.encode(view.holders, pretty: false)
        let parameters = [("flags", "\(Self.flags)"), ("cas", "\(view.modifyIndex)")]
        return try await client.locking("update lock") { client throws(ConsulClientError) in
            try await client.kvPut(key, body, parameters)
        }
    }

    /// The living holders.
    private func view(
        _ further: [(String, String)] = [], after index: UInt64 = 0, wait: GoDuration = .zero
    ) async throws(LockError) -> View {
        let (entries, newest) = try await client.read(
            "\(prefix)/", [("recurse", "")] + further, after: index, wait: wait, "read prefix")
        var view = View()
        view.index = newest
        if let lock = entries.first(where: { $0.key == key }) {
            guard lock.flags == Self.flags else { throw .notASemaphore }
            view.modifyIndex = lock.raftIndex.modifyIndex
            do {
                view.holders = try JSONReader.decode(Holders.self, from: lock.value.array)
            } catch {
                throw .failed(
                    doing: "decode lock", ConsulClientError("the key \(key) holds no semaphore"))
            }
        }
        let alive = Set(entries.filter { $0.key != key }.map { $0.session })
        view.contends = entries.contains { $0.key == contenderKey && $0.session == session }
        view.holders.holders = view.holders.holders.filter { alive.contains($0.key) }
        return view
    }
}
