import Primitives

/// One source's place in its stream of states: which index was seen, and how long to wait after an
/// error.
struct WatchCursor: Hashable, Sendable {
    let query: WatchQuery
    private(set) var index: WatchIndex?
    private(set) var content: WatchContent?
    private var failures: Int64 = 0

    init(_ query: WatchQuery) { self.query = query }

    /// Takes an answer. True when the state is another than the one seen before.
    ///
    /// The same index is no news, and neither is the same data under another index. A lower index
    /// is simply taken (the server was restored): the data decides.
    mutating func receive(_ answer: WatchAnswer) -> Bool {
        failures = 0
        if answer.index == index { return false }
        index = answer.index
        if answer.content == content { return false }
        content = answer.content
        return true
    }

    /// How long to wait after a failed query. The data seen stays known, so that the next success
    /// with the same data is no change (Consul forgets it, and fires again). The index does not: a
    /// server that lost its state would let it wait.
    mutating func fail() -> GoDuration {
        index = nil
        failures = min(failures + 1, 1_000)
        return min(Limits.queryBackoffUnit * (failures * failures), Limits.queryBackoffMax)
    }
}
