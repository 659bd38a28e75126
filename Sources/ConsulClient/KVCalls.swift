/// `/v1/kv`: keys and values.
public struct KVCalls: Sendable {
    let client: ConsulClient

    /// When a write is to be done.
    public enum Condition: Hashable, Sendable {
        case always
        /// Nobody has written the key since it had this `modifyIndex`; 0: it is not there.
        case unchangedSince(UInt64)
        /// The session has the key's lock, or gets it now.
        case acquiring(session: String)
        /// The session has the lock, and gives it back.
        case releasing(session: String)
    }

    /// How long a key stays that nobody deletes. A write says it anew: one that says nothing lets
    /// the key stay. Agents of HashiCorp's pass over it, and the key stays.
    public enum Lifetime: Hashable, Sendable {
        case unlimited
        /// From 1 second to 10 years, from the write on.
        case limited(GoDuration)
        /// As long as this other key, which is there and has a limited lifetime; to write that one
        /// again prolongs them all. 4,096 keys can go with one.
        case with(key: String)
    }

    /// Nil for a key that is not there.
    public func get(_ key: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> KVEntry?
    {
        try await read(key, options).value
    }

    /// Every entry whose key begins with `prefix`, in order.
    public func list(_ prefix: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [KVEntry]
    {
        try await readAll(prefix, options).value
    }

    /// The keys below `prefix`, in order.
    /// - Parameter separator: keys are cut behind it, and told once: `/` lists one level.
    public func keys(_ prefix: String = "", separator: String = "")
        async throws(ConsulClientError) -> [String]
    {
        try await client.kvKeys(prefix, separator: separator)
    }

    /// - Parameters:
    ///   - value: at most 512 KiB, unless the agent is told otherwise.
    ///   - flags: a number of the program's own, kept beside the value.
    /// - Returns: false when the condition did not hold.
    @discardableResult
    public func put(
        _ key: String, _ value: [UInt8], flags: UInt64 = 0, when condition: Condition = .always,
        lives lifetime: Lifetime = .unlimited
    ) async throws(ConsulClientError) -> Bool {
        var parameters = flags == 0 ? [] : [("flags", "\(flags)")]
        switch condition {
        case .always: break
        case .unchangedSince(let index): parameters.append(("cas", "\(index)"))
        case .acquiring(let session): parameters.append(("acquire", session))
        case .releasing(let session): parameters.append(("release", session))
        }
        switch lifetime {
        case .unlimited: break
        case .limited(let time): parameters.append(("ttl", "\(time)"))
        case .with(let lease): parameters.append(("lease", lease))
        }
        return try await client.kvPut(key, value, parameters)
    }

    /// Text as UTF-8.
    @discardableResult
    public func put(
        _ key: String, _ value: String, flags: UInt64 = 0, when condition: Condition = .always,
        lives lifetime: Lifetime = .unlimited
    ) async throws(ConsulClientError) -> Bool {
        try await put(key, Array(value.utf8), flags: flags, when: condition, lives: lifetime)
    }

    /// - Parameter index: deletes only while the key has this `modifyIndex`.
    /// - Returns: false when it has another. A key that is not there is no error.
    @discardableResult
    public func delete(_ key: String, unchangedSince index: UInt64? = nil)
        async throws(ConsulClientError) -> Bool
    {
        try await client.kvDelete(key, index.map { [("cas", "\($0)")] } ?? [])
    }

    /// Deletes every key that begins with `prefix`.
    public func deleteAll(_ prefix: String) async throws(ConsulClientError) {
        _ = try await client.kvDelete(prefix, [("recurse", "")])
    }

    // MARK: Changes

    /// The key as it is, then each change; nil while it is not there.
    public func changes(of key: String, _ options: QueryOptions = QueryOptions())
        -> BlockingReads<KVEntry?>
    {
        BlockingReads(options) { options throws(ConsulClientError) in
            try await read(key, options)
        }
    }

    /// All keys below the prefix, again after each change.
    public func changes(below prefix: String, _ options: QueryOptions = QueryOptions())
        -> BlockingReads<[KVEntry]>
    {
        BlockingReads(options) { options throws(ConsulClientError) in
            try await readAll(prefix, options)
        }
    }

    private func read(_ key: String, _ options: QueryOptions)
        async throws(ConsulClientError) -> Indexed<KVEntry?>
    {
        let answer: Indexed<[KVEntry]> = try await client.read(
            "/v1/kv/\(ConsulClient.escape(key))", options, missing: [])
        return Indexed(answer.value.first, answer.meta)
    }

    private func readAll(_ prefix: String, _ options: QueryOptions)
        async throws(ConsulClientError) -> Indexed<[KVEntry]>
    {
        try await client.read(
            "/v1/kv/\(ConsulClient.escape(prefix))", options, [("recurse", "")], missing: [])
    }
}

extension KVEntry {
    /// The value as text; bytes that are no UTF-8 are replaced.
    public var text: String { String(decoding: value.array, as: UTF8.self) }
}

extension ConsulClient {
    public var kv: KVCalls { KVCalls(client: self) }
}
