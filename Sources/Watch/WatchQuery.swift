package import ConsulModel

/// The blocking query of a watch's source, repeated until the watch stops.
package enum WatchQuery: Hashable, Sendable {
    case key(KeyRequest)
    case keyPrefix(KeyRequest)
    case services(DCSpecificRequest)
    case nodes(DCSpecificRequest)
    case service(ServiceSpecificRequest)
    case serviceChecks(ServiceSpecificRequest)
    case checksInState(ChecksInStateRequest)
    /// The events of a name; of all names for an empty one.
    case event(name: String)
    case agentService(id: String)
    /// The questions of a name.
    case question(name: String)
    /// The members of the agent's pool.
    case members
}

/// The newest state of a source.
package struct WatchAnswer: Hashable, Sendable {
    package var index: WatchIndex
    package var content: WatchContent

    package init(index: WatchIndex, content: WatchContent) {
        self.index = index
        self.content = content
    }
}

/// A source's version: an index of the replicated log, or a hash of the agent's own state.
package enum WatchIndex: Hashable, Sendable, CustomStringConvertible {
    case index(UInt64)
    case hash(String)

    package var description: String {
        switch self {
        case .index(let index): String(index)
        case .hash(let hash): hash
        }
    }
}
