import ConsulModel
import HTTPTransport
import Wire

/// A list in pages: `?limit=` and `?start_after=`, which HashiCorp Consul does not have. Every page
/// but the last has the header `X-Consul-Next`: the key after which the next page starts.
struct KVPage: Sendable {
    /// 0 for everything at once.
    private let limit: Int
    let startAfter: String

    init(_ exchange: Exchange) throws(ConsulError) {
        limit = Int(clamping: try exchange.query.unsigned("limit") ?? 0)
        startAfter = exchange.query["start_after"]
    }

    /// The number of entries to read: one more than the page shows, to see whether more follow.
    var readLimit: Int { limit > 0 ? min(limit, Int(Int32.max)) + 1 : 0 }

    /// - Parameter room: estimates the bytes of the answer.
    func answer<Item: WireValue & Sendable>(
        _ exchange: Exchange, _ items: [Item], _ meta: QueryMeta, room: Int = 256,
        key: (Item) -> String
    ) -> HTTPResponse {
        guard limit > 0, items.count > limit else {
            return exchange.json(items, meta, showsConsistency: false, capacity: room)
        }
        let shown = Array(items.prefix(limit))
        var response = exchange.json(shown, meta, showsConsistency: false, capacity: room)
        if let last = shown.last {
            let next = PercentDecoding.encode(parameter: key(last))
            response.headers.add(name: "X-Consul-Next", value: next)
        }
        return response
    }
}
