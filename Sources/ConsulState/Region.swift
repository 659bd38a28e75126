/// A table of the state, as far as reads of whole tables tell them apart.
package struct TableSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let nodes = TableSet(rawValue: 1)
    package static let services = TableSet(rawValue: 2)
    package static let checks = TableSet(rawValue: 4)
    package static let sessions = TableSet(rawValue: 8)
    package static let coordinates = TableSet(rawValue: 16)
}

/// The part of the state that a read looked at. A commit concerns the read when its `Changes` meet
/// the region. Names of nodes, services and states are in lower case here, as the state compares
/// them.
package enum Region: Hashable, Sendable {
    case key(String)
    /// Every key that begins so.
    case prefix(String)
    /// Instances of a service, their nodes, and the checks that bear on them.
    case service(String)
    /// Checks that name the service.
    case serviceChecks(String)
    /// A node and the services on it.
    case node(String)
    case nodeChecks(String)
    /// Checks in a state.
    case checkState(String)
    /// A session, by its ID.
    case session(String)
    /// The sessions of a node.
    case nodeSessions(String)
    /// Where a node stands in the network.
    case nodeCoordinates(String)
    /// Anything in any of these tables.
    case tables(TableSet)
}
