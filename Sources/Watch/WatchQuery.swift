package import ConsulModel

/// What a watch's source asks of the cluster: one blocking query, put again and again.
package enum WatchQuery: Hashable, Sendable {
    case key(NamedQuery)
    case keyPrefix(NamedQuery)
    case services(NamedQuery)
    case nodes(NamedQuery)
    case service(NamedQuery)
    case serviceChecks(NamedQuery)
    case checksInState(NamedQuery)
    case event(NamedQuery)
    case agentService(NamedQuery)
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

/// Where a source stands: an index of the replicated log, or a hash of what the agent itself knows.
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
