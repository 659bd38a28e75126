import HTTPTransport

extension ConsulClient {
    /// Reads with options, and returns the value with the index of its answer.
    /// - Parameter missing: the value for a 404; nil makes it an error.
    func read<Value: WireValue & Sendable>(
        _ path: String, _ options: QueryOptions, _ further: [(String, String)] = [],
        missing: Value? = nil
    ) async throws(ConsulClientError) -> Indexed<Value> {
        let isBlocking = options.minQueryIndex > 0
        let answer = try await send(
            "GET", path, further + options.parameters,
            timeout: isBlocking ? nil : Limits.callTime)
        let meta = QueryMeta(index: answer.index)
        if answer.status == 404, let missing { return Indexed(missing, meta) }
        return Indexed(try answer.successful().decode(), meta)
    }

    /// Makes a write whose answer is ignored.
    func write(
        _ path: String, _ parameters: [(String, String)] = [], body: [UInt8] = []
    ) async throws(ConsulClientError) {
        _ = try await send("PUT", path, parameters, body: body).successful()
    }
}

extension QueryOptions {
    /// The options as query parameters of the API.
    var parameters: [(String, String)] {
        var parameters: [(String, String)] = []
        if minQueryIndex > 0 { parameters.append(("index", "\(minQueryIndex)")) }
        if maxQueryTime > .zero {
            parameters.append(("wait", "\(max(maxQueryTime.milliseconds, 1))ms"))
        }
        switch consistency {
        case .standard: break
        case .stale: parameters.append(("stale", ""))
        case .consistent: parameters.append(("consistent", ""))
        }
        if !filter.isEmpty { parameters.append(("filter", filter)) }
        if !source.node.isEmpty { parameters.append(("near", source.node)) }
        if !datacenter.isEmpty { parameters.append(("dc", datacenter)) }
        for (name, value) in nodeMeta.sorted(by: { $0.key < $1.key }) {
            parameters.append(("node-meta", "\(name):\(value)"))
        }
        return parameters
    }
}
