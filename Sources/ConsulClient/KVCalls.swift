/// `/v1/kv`: keys and values.
public struct KVCalls: Sendable {
    let client: ConsulClient

    /// The condition of a write.
    public enum Condition: Hashable, Sendable {
        case always
        /// The key still has this `modifyIndex`; 0: it does not exist.
        case unchangedSince(UInt64)
        /// The session holds the key's lock, or acquires it now.
        case acquiring(session: String)
        /// The session holds the lock, and releases it.
        case releasing(session: String)
    }

    /// The lifetime of a key that is not deleted. Each write sets it anew: a write without one
    /// makes the key permanent. HashiCorp's agents ignore it.
    public enum Lifetime: Hashable, Sendable {
        case unlimited
        /// From 1 second to 10 years, from the write on.
        case limited(GoDuration)
        /// The lifetime of another key, which exists and has a limited lifetime; writing that one
        /// again prolongs all of them. 4,096 keys can depend on one.
        case with(key: String)
    }

    /// Nil for a missing key.
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

    /// Returns the keys below `prefix`, in order.
    /// - Parameter separator: keys are cut after it, and listed once: `/` lists one level.
    public func keys(_ prefix: String = "", separator: String = "")
        async throws(ConsulClientError) -> [String]
    {
        try await client.kvKeys(prefix, separator: separator)
    }

    /// - Parameters:
    ///   - value: at most 512 KiB, unless the agent's configuration allows more.
    ///   - flags: a number of the program's own, stored with the value.
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
    /// - Returns: false when it has another. A missing key is not an error.
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

    /// The key's present entry, then each change; nil while it does not exist.
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
    /// The value as text; invalid UTF-8 is replaced.
    public var text: String { String(decoding: value.array, as: UTF8.self) }
}

extension ConsulClient {
    public var kv: KVCalls { KVCalls(client: self) }
}
