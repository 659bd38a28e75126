package import ConsulModel

/// User events, of one name or of all. The data is an array of the events not delivered before.
enum EventWatch: WatchType {
    static let name = "event"
    static let fields: Set<String> = ["name"]

    static func problems(in source: WatchSource) -> [DefinitionProblem] { [] }

    static func query(_ source: WatchSource) -> WatchQuery {
        .event(name: source.name)
    }
}

extension WatchContent {
    package init(events: [UserEvent]) {
        self.init(
            .array(emptyIsNull: false),
            events.map { event in
                var item = Item(event.id, event)
                item.isReliable = event.isReliable
                return item
            })
    }
}
