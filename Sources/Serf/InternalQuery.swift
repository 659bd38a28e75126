/// The queries that Serf answers itself.
package enum InternalQuery: String, Sendable, Hashable, CaseIterable {
    /// Marks the names of these queries; others that begin with it are ignored.
    package static let prefix = "_serf_"

    /// Has no answer: the asking node counts the acks.
    case ping = "_serf_ping"
    /// Asks for the address of a name that two nodes use.
    case conflict = "_serf_conflict"
    case installKey = "_serf_install-key"
    case useKey = "_serf_use-key"
    case removeKey = "_serf_remove-key"
    case listKeys = "_serf_list-keys"
}
