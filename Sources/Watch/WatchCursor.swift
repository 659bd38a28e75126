import ConsulModel
import Primitives

/// Follows one source of a plan: the states of its query, and whether each differs from the one
/// before.
struct WatchCursor: Hashable, Sendable {
    let query: WatchQuery
    private(set) var content: WatchContent?
    private var cursor = BlockingCursor<WatchIndex>(Limits.queryBackOff)

    init(_ query: WatchQuery) { self.query = query }

    /// The index of the next query; nil for the present state.
    var index: WatchIndex? { cursor.index }

    /// Accepts an answer. Returns true when the state differs from the one before: neither the same
    /// index nor the same data under another index is a change. After a failure the data alone
    /// decides, since a server that lost its state may reach the same index again.
    mutating func receive(_ answer: WatchAnswer) -> Bool {
        let hasFailed = cursor.failures > 0
        let isOther = cursor.receive(answer.index)
        guard isOther || hasFailed, answer.content != content else { return false }
        content = answer.content
        return true
    }

    /// Returns how long to wait after a failed query. Keeps the content, so that the next success
    /// with the same data is no change (Consul forgets it, and fires again).
    mutating func fail() -> GoDuration { cursor.fail() }
}
