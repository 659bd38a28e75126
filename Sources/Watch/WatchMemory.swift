import Primitives
package import Wire

/// The facts that a watch keeps across a restart or a reload: a hash of the state delivered last,
/// and the handled events.
package struct WatchMemory: Record, Hashable, Sendable {
    /// The hash of the data delivered last; empty when there was none.
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
    /// Returns a hash that is equal for equal content, also after a restart.
    static func hash(of contents: [WatchContent]) -> String {
        var hash = FNV1a()
        for content in contents { hash.combine(content.json + [0]) }
        return String(hash.value, radix: 16)
    }
}
