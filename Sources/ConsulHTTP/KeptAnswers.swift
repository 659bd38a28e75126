import ConsulModel
import HTTPTransport
import Synchronization
import Telemetry
import Wire

/// Bodies of reads of the catalog that were asked for, by the URI that asked. One holds as long as
/// its part of the catalog stays, so that it says nothing that a fresh look would not: a hundred
/// clients that poll one service cost one reading of it for every change.
///
/// There are two halves. What is kept goes into the young one; when that is full it becomes the
/// old one, and what stood there is forgotten. An answer of the old half that is asked for moves
/// to the young. So the memory is bounded, and what nobody asks for goes.
final class KeptAnswers: Sendable {
    /// All bodies together: a hundred services of a hundred instances.
    static let bytesMax = 16 << 20
    /// Longer ones bear a filter of somebody's own, and seldom come again.
    static let uriBytesMax = 1024

    struct Answer: Sendable {
        /// Of the part of the catalog, when it was read.
        let version: UInt64
        let meta: QueryMeta
        let body: SharedBody
    }

    private struct Halves {
        var young: [String: Answer] = [:]
        var old: [String: Answer] = [:]
        /// Bytes of the young half.
        var byteCount = 0
    }

    private let halves = Mutex(Halves())
    private let halfBytesMax: Int

    init(halfBytesMax: Int = bytesMax / 2) { self.halfBytesMax = halfBytesMax }

    /// What was kept for `uri`, if it was read at this version.
    func find(_ uri: String, version: UInt64) -> Answer? {
        halves.withLock { halves in
            if let answer = halves.young[uri] { return answer.version == version ? answer : nil }
            guard let answer = halves.old.removeValue(forKey: uri), answer.version == version
            else { return nil }
            keep(answer, for: uri, in: &halves)
            return answer
        }
    }

    func keep(_ answer: Answer, for uri: String) {
        guard Self.cost(answer, uri) <= halfBytesMax / 8 else { return }
        halves.withLock { keep(answer, for: uri, in: &$0) }
    }

    private func keep(_ answer: Answer, for uri: String, in halves: inout Halves) {
        if let before = halves.young.updateValue(answer, forKey: uri) {
            halves.byteCount -= Self.cost(before, uri)
        }
        halves.byteCount += Self.cost(answer, uri)
        guard halves.byteCount > halfBytesMax else { return }
        halves.old = halves.young
        halves.young = [:]
        halves.byteCount = 0
    }

    /// Bytes, with what a place in a table takes.
    private static func cost(_ answer: Answer, _ uri: String) -> Int {
        answer.body.count + uri.utf8.count + 256
    }
}

extension Exchange {
    /// A read of a part of the catalog: answered with what was kept of it, if that holds, else
    /// read, and kept if it may be.
    ///
    /// - Parameter capacity: how large the body of a value will be, about.
    func read<Request: ReadRequest, Answer: IndexedReply>(
        _ endpoint: Endpoint<Request, Answer>, _ query: Request, of part: CatalogPart,
        capacity: @escaping @Sendable (Answer.Value) -> Int = { _ in 256 }
    ) where Answer.Value: WireValue {
        guard keepable(query.options), let version = agent.backend.catalogVersion(of: part) else {
            call(endpoint, query) { self.json($0.value, $0.meta, capacity: capacity($0.value)) }
            return
        }
        if let kept = agent.keptAnswers.find(request.uri, version: version),
            kept.meta.consistency == query.options.consistency
        {
            calls?.succeeded.increment()
            responder.respond(json(shared: kept.body, kept.meta))
            return
        }
        call(endpoint, query) { answer in
            let body = SharedBody(self.encoded(answer.value, capacity: capacity(answer.value)))
            // What the version was before and after, it was in between.
            if self.agent.backend.catalogVersion(of: part) == version {
                self.agent.keptAnswers.keep(
                    KeptAnswers.Answer(version: version, meta: answer.meta, body: body),
                    for: self.request.uri)
            }
            return self.json(shared: body, answer.meta)
        }
    }

    /// What is read at once, by anyone, of the catalog alone: no blocking query, none that a quorum
    /// must confirm, none that bears a secret, and none that sorts by what is not of the catalog.
    private func keepable(_ options: QueryOptions) -> Bool {
        options.minQueryIndex == 0 && options.consistency != .consistent
            && options.token.isEmpty && options.source.isEmpty
            && ["", face.settings.datacenter].contains(options.datacenter)
            && request.uri.utf8.count <= KeptAnswers.uriBytesMax
    }
}
