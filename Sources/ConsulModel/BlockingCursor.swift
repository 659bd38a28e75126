package import Primitives

/// Follows the answers of one blocking query: which index to ask with, which answers are new, and
/// how long to wait after a failure. Its hosts put the query and wait.
///
///     while !Task.isCancelled {
///         do {
///             let answer = try await read(after: cursor.minQueryIndex)
///             if cursor.receive(answer.meta.index) { use(answer.value) }
///         } catch { await sleep(cursor.fail()) }
///     }
package struct BlockingCursor<Index: Hashable & Sendable>: Hashable, Sendable {
    /// The index to ask with; nil to ask for the present state. An index that went back is used as
    /// it is: its answer holds the whole state of a server that was restored.
    package private(set) var index: Index?
    /// Failures since the last answer.
    package private(set) var failures = 0
    private var answered: Index?
    private let backOff: BackOff

    /// - Parameter index: of the state that the host has already; nil for none.
    package init(_ backOff: BackOff, after index: Index? = nil) {
        self.backOff = backOff
        self.index = index
        answered = index
    }

    /// Accepts an answer. Returns true when its index is another than the one before, also across
    /// failures.
    package mutating func receive(_ newest: Index) -> Bool {
        failures = 0
        index = newest
        defer { answered = newest }
        return answered != newest
    }

    /// Returns how long to wait after a failed query, and drops the index: a server that lost its
    /// state counts from a lower one, and a query with the old index would block until its wait
    /// ends.
    package mutating func fail() -> GoDuration {
        failures += 1
        index = nil
        return backOff.wait(after: failures)
    }
}

extension BlockingCursor<UInt64> {
    /// The index for `QueryOptions`. An answer without an index counts as 1: a query with 0 would
    /// not block.
    package var minQueryIndex: UInt64 { index.map { Swift.max($0, 1) } ?? 0 }
}
