import HTTPTransport
import NIOHTTP1
import Primitives
import Testing

/// Repeated reads of the catalog are answered from the cache of bodies: after any change they must
/// equal a fresh read.
@Suite struct CachedBodiesTests {
    private static let paths = [
        "/v1/health/service/web", "/v1/health/service/web?passing",
        "/v1/health/service/web?tag=blue&stale", "/v1/health/service/web?dc=dc1&pretty",
        "/v1/health/service/none", "/v1/health/checks/web", "/v1/health/node/n1",
        "/v1/health/state/any", "/v1/health/state/critical", "/v1/catalog/nodes",
        "/v1/catalog/nodes?node-meta=rack:r1", "/v1/catalog/services", "/v1/catalog/service/web",
        "/v1/catalog/service/web?filter=ServicePort==80",
    ]

    @Test(.timeLimit(.minutes(2)), arguments: [1, 2] as [UInt64])
    func cachedBodiesEqualFreshReads(_ seed: UInt64) async throws {
        let agent = try await AgentProcess.start(["log.json": #"{"log_level": "warn"}"#])
        var random = SeededRandom(seed: seed)
        var bodies = Set<[UInt8]>()
        for round in 0..<60 {
            try await change(agent, &random)
            for path in Self.paths {
                // Another URI is another cache key, which has no entry.
                let other = path + (path.contains("?") ? "&" : "?") + "round=\(round)"
                let fresh = try await agent.get(other)
                for _ in 0..<2 {
                    let kept = try await agent.get(path)
                    #expect(kept.status == fresh.status)
                    #expect(kept.body == fresh.body, "\(path), seed \(seed), round \(round)")
                    for name in ["X-Consul-Index", "X-Consul-Effective-Consistency"] {
                        #expect(kept.headers.first(name: name) == fresh.headers.first(name: name))
                    }
                }
                bodies.insert(fresh.body)
            }
        }
        #expect(bodies.count > 60)  // the test compared many different bodies
        await agent.stop()
    }

    /// Writes a key, which must change no body, or changes an entry of the catalog.
    private func change(_ agent: AgentProcess, _ random: inout SeededRandom) async throws {
        let node = "n\(random.next() % 4)"
        let service = ["web", "db"][Int(random.next() % 2)]
        let status = ["passing", "critical"][Int(random.next() % 2)]
        let port = [80, 81][Int(random.next() % 2)]
        switch random.next() % 6 {
        case 0: try await agent.put("/v1/kv/a", "\(random.next())")
        case 1:
            try await agent.put("/v1/catalog/deregister", #"{"Node": "\#(node)"}"#)
        case 2:
            try await agent.put(
                "/v1/catalog/deregister", #"{"Node": "\#(node)", "ServiceID": "\#(service)"}"#)
        case 3:
            try await agent.put(
                "/v1/catalog/register",
                #"{"Node": "\#(node)", "Address": "192.0.2.1", "NodeMeta": {"rack": "r1"}}"#)
        default:
            try await agent.put(
                "/v1/catalog/register",
                """
                {"Node": "\(node)", "Address": "192.0.2.1",
                 "Service": {"Service": "\(service)", "Port": \(port), "Tags": ["blue"]},
                 "Check": {"CheckID": "c", "Status": "\(status)", "ServiceID": "\(service)"}}
                """)
        }
    }
}
