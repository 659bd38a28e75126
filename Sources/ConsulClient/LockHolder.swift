import ConsulModel
public import Primitives
import Wire

/// A lock on one key in the layout of HashiCorp's clients, so that they and this one exclude each
/// other: the key's flags mark it, its session holds it.
public struct LockHolder: HeldLock {
    /// The flags of a key that is a lock (Consul's own).
    public static let flags: UInt64 = 0x2ddc_cbc0_58a5_0c18

    public let key: String
    let session: String
    let client: ConsulClient

    public init(key: String, session: String, client: ConsulClient) {
        self.key = key
        self.session = session
        self.client = client
    }

    public func attempt() async throws(LockError) -> LockAttempt {
        let (entry, index) = try await read()
        if let entry, entry.session == session { return .held(token: entry.raftIndex.modifyIndex) }
        if let entry, !entry.session.isEmpty { return .taken(index: index) }
        let parameters = [("flags", "\(Self.flags)"), ("acquire", session)]
        if try await client.locking(
            "acquire lock",
            { client throws(ConsulClientError) in
                try await client.kvPut(key, [], parameters)
            })
        {
            let (mine, _) = try await read()
            guard let mine, mine.session == session else { return .raced }
            return .held(token: mine.raftIndex.modifyIndex)
        }
        let (now, newest) = try await read()
        guard let now, !now.session.isEmpty else { return .delayed }
        return .taken(index: newest)
    }

    public func waitForChange(
        after index: UInt64, atMost wait: GoDuration
    ) async throws(LockError) {
        _ = try await client.read(key, after: index, wait: wait, "read lock")
    }

    public func look(after index: UInt64) async throws(LockError) -> UInt64? {
        let answer = try await client.read(
            key, [("consistent", "")], after: index, wait: Limits.lockWait, "read lock")
        guard let entry = answer.entries.first, entry.session == session else { return nil }
        return answer.index
    }

    public func release() async throws(LockError) {
        let parameters = [("flags", "\(Self.flags)"), ("release", session)]
        _ = try await client.locking("release lock") { client throws(ConsulClientError) in
            try await client.kvPut(key, [], parameters)
        }
    }

    public func cleanUp() async throws(LockError) -> Bool {
        guard let entry = try await read().entry else { return true }
        guard entry.session.isEmpty else { return false }
        return try await client.locking("remove lock") { client throws(ConsulClientError) in
            try await client.kvDelete(key, [("cas", "\(entry.raftIndex.modifyIndex)")])
        }
    }

    private func read() async throws(LockError) -> (entry: KVEntry?, index: UInt64) {
        let answer = try await client.read(key, after: 0, wait: .zero, "read lock")
        guard let entry = answer.entries.first else { return (nil, answer.index) }
        guard entry.flags == Self.flags else { throw .notALock }
        return (entry, answer.index)
    }
}

extension ConsulClient {
    /// Returns entries with the index of the answer; blocks when `index` is above 0.
    func read(
        _ key: String, _ further: [(String, String)] = [], after index: UInt64, wait: GoDuration,
        _ doing: String
    ) async throws(LockError) -> (entries: [KVEntry], index: UInt64) {
        var parameters = further
        if index > 0 {
            parameters += [("index", "\(index)"), ("wait", "\(max(wait.milliseconds, 1))ms")]
        }
        let answer = try await locking(doing) { client throws(ConsulClientError) in
            let answer = try await client.send(
                "GET", "/v1/kv/\(Self.escape(key))", parameters,
                timeout: wait + wait / 16 + Limits.lockWaitSlack)
            return answer.status == 404 ? answer : try answer.successful()
        }
        if answer.status == 404 { return ([], answer.index) }
        let entries: [KVEntry] = try await locking(doing) { _ throws(ConsulClientError) in
            try answer.decode()
        }
        return (entries, answer.index)
    }

    func locking<Value: Sendable>(
        _ doing: String, _ body: (ConsulClient) async throws(ConsulClientError) -> Value
    ) async throws(LockError) -> Value {
        do throws(ConsulClientError) {
            return try await body(self)
        } catch {
            throw .failed(doing: doing, error)
        }
    }
}
