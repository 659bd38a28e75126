import Wire

/// The difference between two states of a source, item by item.
package struct WatchChanges: Hashable, Sendable {
    package var added: [WatchContent.Item] = []
    package var modified: [(old: WatchContent.Item, new: WatchContent.Item)] = []
    package var removed: [WatchContent.Item] = []

    package init(from old: WatchContent?, to new: WatchContent) {
        var before: [String: WatchContent.Item] = [:]
        for item in old?.items ?? [] { before[item.name] = item }
        for item in new.items {
            if let previous = before.removeValue(forKey: item.name) {
                if previous != item { modified.append((previous, item)) }
            } else {
                added.append(item)
            }
        }
        removed = (old?.items ?? []).filter { before[$0.name] != nil }
    }

    package static func == (a: WatchChanges, b: WatchChanges) -> Bool {
        a.added == b.added && a.removed == b.removed
            && a.modified.elementsEqual(b.modified) { $0.old == $1.old && $0.new == $1.new }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(added)
        hasher.combine(removed)
        for pair in modified {
            hasher.combine(pair.old)
            hasher.combine(pair.new)
        }
    }

    /// Writes `{"Added":[…],"Modified":[{"Old":…,"New":…}],"Removed":[…]}`; each entry has its
    /// `Name` too.
    func write(to writer: inout JSONWriter) {
        writer.beginMap(count: 3)
        writer.key("Added")
        list(added, as: "New", to: &writer)
        writer.key("Modified")
        writer.beginArray(count: modified.count)
        for pair in modified {
            writer.beginMap(count: 3)
            writer.key("Name")
            writer.string(pair.new.name)
            writer.key("Old")
            writer.raw(pair.old.json)
            writer.key("New")
            writer.raw(pair.new.json)
            writer.endMap()
        }
        writer.endArray()
        writer.key("Removed")
        list(removed, as: "Old", to: &writer)
        writer.endMap()
    }

    private func list(
        _ items: [WatchContent.Item], as side: String, to writer: inout JSONWriter
    ) {
        writer.beginArray(count: items.count)
        for item in items {
            writer.beginMap(count: 2)
            writer.key("Name")
            writer.string(item.name)
            writer.key(side)
            writer.raw(item.json)
            writer.endMap()
        }
        writer.endArray()
    }
}
