package import Wire

/// A source's state, cut into items so that two states can be compared item by item, and joined
/// again as the handler's JSON.
package struct WatchContent: Hashable, Sendable {
    /// The JSON form of the joined items.
    package enum Shape: Hashable, Sendable {
        /// One value; `null` when there is none.
        case single
        /// An array; with `emptyIsNull`, `null` instead of `[]` (Consul's key prefixes).
        case array(emptyIsNull: Bool)
        /// An object whose keys are the items' names.
        case object
    }

    package struct Item: Hashable, Sendable {
        /// Identifies the item across states: a key, a node's name, a check's node and ID.
        package var name: String
        package var json: [UInt8]
        /// True when the item counts as handled only at the end of its run, not at its start.
        package var isReliable = false

        package init<Value: WireValue>(_ name: String, _ value: Value) {
            self.name = name
            json = JSONWriter.encode(value, audience: .client)
        }
    }

    package var shape: Shape
    package var items: [Item]

    package init(_ shape: Shape, _ items: [Item]) {
        self.shape = shape
        self.items = items
    }

    /// Returns the handler's JSON, compact.
    package var json: [UInt8] {
        var writer = JSONWriter(capacity: items.reduce(2) { $0 + $1.json.count + 1 })
        write(to: &writer)
        return writer.output
    }

    package func write(to writer: inout JSONWriter) {
        switch shape {
        case .single:
            if let item = items.first { writer.raw(item.json) } else { writer.null() }
        case .array(emptyIsNull: true) where items.isEmpty:
            writer.null()
        case .array:
            writer.beginArray(count: items.count)
            for item in items { writer.raw(item.json) }
            writer.endArray()
        case .object:
            writer.beginMap(count: items.count)
            for item in items {
                writer.key(item.name)
                writer.raw(item.json)
            }
            writer.endMap()
        }
    }
}
