import Primitives
package import Wire

/// What a watch must still know after a restart or a reload: the state handed over last, as a hash,
/// and which events were handled.
package struct WatchMemory: Record, Hashable, Sendable {
    /// Of the data handed over last; empty when there was none.
    package var contentHash = ""
    /// IDs, oldest first, at most `Limits.handledEventsMax`.
    package var handledEvents: [String] = []
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ContentHash", &contentHash)
        try visit.field("HandledEvents", &handledEvents)
    }

    mutating func rememberHandled(_ ids: [String]) {
        handledEvents.append(contentsOf: ids)
        handledEvents.removeFirst(max(0, handledEvents.count - Limits.handledEventsMax))
    }
}

extension WatchContent {
    /// The same for equal content, also after a restart.
    static func hash(of contents: [WatchContent]) -> String {
        var hash = FNV1a()
        for content in contents { hash.combine(content.json + [0]) }
        return String(hash.value, radix: 16)
    }
}
