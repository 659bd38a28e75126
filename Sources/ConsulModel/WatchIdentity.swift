/// The names of watches. A watch without an ID is named after its source, and numbered when there
/// are several such, so that an unchanged watch keeps its name across reloads.
public enum WatchIdentity {
    public static func names(_ watches: [WatchDefinition])
        -> [(id: String, definition: WatchDefinition)]
    {
        var counts: [String: Int] = [:]
        for watch in watches where !watch.id.isEmpty { counts[watch.id] = 1 }
        return watches.map { watch in
            if !watch.id.isEmpty { return (watch.id, watch) }
            let base = watch.displayName
            let count = counts[base, default: 0] + 1
            counts[base] = count
            return (count == 1 ? base : "\(base)#\(count)", watch)
        }
    }
}

extension WatchDefinition {
    /// The source, or those of `any_of`.
    public var sources: [WatchSource] { anyOf.isEmpty ? [source] : anyOf }

    /// Returns the given ID, or one made from the sources, for example `key:app/mode`.
    public var displayName: String {
        id.isEmpty ? sources.map { $0.displayName }.joined(separator: "+") : id
    }
}

extension WatchSource {
    /// `key:app/mode`, `nodes`, `event:deploy`.
    public var displayName: String {
        let subject = [key, prefix, service, state, name, serviceID].filter { !$0.isEmpty }
            .joined(separator: ",")
        return subject.isEmpty ? type : "\(type):\(subject)"
    }
}
