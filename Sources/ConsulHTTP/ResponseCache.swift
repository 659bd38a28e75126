import ConsulModel
import HTTPTransport
import Synchronization
import Telemetry
import Wire

/// Caches the bodies of reads of the catalog by their URI. A body is valid while its part of the
/// catalog has the same version, so that it equals a fresh read: a hundred clients that poll one
/// service cost one read for every change.
///
/// Two generations bound the memory. New bodies enter the young one; when that is full it becomes
/// the old one, and the previous old one is dropped. A hit in the old generation moves the body to
/// the young one.
final class ResponseCache: Sendable {
    /// The bound of all bodies together: a hundred services of a hundred instances.
    static let bytesMax = 16 << 20
    /// Longer URIs have a filter of one client's own, and rarely repeat.
    static let uriBytesMax = 1024

    struct Answer: Sendable {
        /// The version of the part of the catalog at the read.
        let version: UInt64
        let meta: QueryMeta
        let body: SharedBody
    }

    private struct Halves {
        var young: [String: Answer] = [:]
        var old: [String: Answer] = [:]
        /// Bytes of the young generation.
        var byteCount = 0
    }

    private let halves = Mutex(Halves())
    private let halfBytesMax: Int

    init(halfBytesMax: Int = bytesMax / 2) { self.halfBytesMax = halfBytesMax }

    /// Returns the body for `uri`, if it was read at this version.
    func find(_ uri: String, version: UInt64) -> Answer? {
        halves.withLock { halves in
            if let answer = halves.young[uri] { return answer.version == version ? answer : nil }
            guard let answer = halves.old.removeValue(forKey: uri), answer.version == version
            else { return nil }
            store(answer, for: uri, in: &halves)
            return answer
        }
    }

    func store(_ answer: Answer, for uri: String) {
        guard Self.cost(answer, uri) <= halfBytesMax / 8 else { return }
        halves.withLock { store(answer, for: uri, in: &$0) }
    }

    private func store(_ answer: Answer, for uri: String, in halves: inout Halves) {
        if let before = halves.young.updateValue(answer, forKey: uri) {
            halves.byteCount -= Self.cost(before, uri)
        }
        halves.byteCount += Self.cost(answer, uri)
        guard halves.byteCount > halfBytesMax else { return }
        halves.old = halves.young
        halves.young = [:]
        halves.byteCount = 0
    }

    /// Bytes of an answer, with its slot in a table.
    private static func cost(_ answer: Answer, _ uri: String) -> Int {
        answer.body.count + uri.utf8.count + 256
    }
}

extension Exchange {
    /// Reads a part of the catalog. Answers from the cache when its entry is valid; else reads, and
    /// caches the answer if that is allowed.
    ///
    /// - Parameter capacity: estimates the bytes of the body of a value.
    func read<Request: ReadRequest, Answer: IndexedReply>(
        _ endpoint: Endpoint<Request, Answer>, _ query: Request, of part: CatalogPart,
        capacity: @escaping @Sendable (Answer.Value) -> Int = { _ in 256 }
    ) where Answer.Value: WireValue {
        guard isCacheable(query.options), let version = agent.backend.catalogVersion(of: part)
        else {
            call(endpoint, query) { self.json($0.value, $0.meta, capacity: capacity($0.value)) }
            return
        }
        if let cached = agent.responseCache.find(request.uri, version: version),
            cached.meta.consistency == query.options.consistency
        {
            calls?.succeeded.increment()
            responder.respond(json(shared: cached.body, cached.meta))
            return
        }
        call(endpoint, query) { answer in
            let body = SharedBody(self.encoded(answer.value, capacity: capacity(answer.value)))
            // The same version before and after the read was the version at the read.
            if self.agent.backend.catalogVersion(of: part) == version {
                self.agent.responseCache.store(
                    ResponseCache.Answer(version: version, meta: answer.meta, body: body),
                    for: self.request.uri)
            }
            return self.json(shared: body, answer.meta)
        }
    }

    /// True for a read that does not block, needs no quorum, has no token and depends on the
    /// catalog alone.
    private func isCacheable(_ options: QueryOptions) -> Bool {
        options.minQueryIndex == 0 && options.consistency != .consistent
            && options.token.isEmpty && options.source.isEmpty
            && ["", active.settings.datacenter].contains(options.datacenter)
            && request.uri.utf8.count <= ResponseCache.uriBytesMax
    }
}
