import ConsulModel
import HTTPTransport
import Wire

/// A list in pages: `?limit=` and `?start_after=`, which HashiCorp Consul does not have. While
/// there is more, `X-Consul-Next` says what the next page starts after.
struct KVPage: Sendable {
    /// 0 for everything at once.
    private let limit: Int

    /// Has one more read than is shown: whether there is more.
    init(_ exchange: Exchange, _ query: inout NamedQuery) throws(ConsulError) {
        limit = Int(clamping: try exchange.query.unsigned("limit") ?? 0)
        query.startAfter = exchange.query["start_after"]
        query.limit = limit > 0 ? min(limit, Int(Int32.max)) + 1 : 0
    }

    /// - Parameter room: about how many bytes the answer takes.
    func answer<Item: WireValue & Sendable>(
        _ exchange: Exchange, _ list: Indexed<[Item]>, room: Int = 256, key: (Item) -> String
    ) -> HTTPResponse {
        guard limit > 0, list.value.count > limit else {
            return exchange.json(
                list.value, list.meta, showsConsistency: false, capacity: room)
        }
        let shown = Array(list.value.prefix(limit))
        var response = exchange.json(shown, list.meta, showsConsistency: false, capacity: room)
        if let last = shown.last {
            let next = PercentDecoding.encode(parameter: key(last))
            response.headers.add(name: "X-Consul-Next", value: next)
        }
        return response
    }
}
