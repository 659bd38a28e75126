/// What of the catalog an answer depends on, as far as those that keep answers tell parts apart.
public enum CatalogPart: Hashable, Sendable {
    case whole
    /// The same, and where nodes stand in the network.
    case wholeByRoundTrip
    /// Instances of a service, their nodes, and the checks that bear on them.
    case service(String)
    /// The same, in an order by round-trip times: all nodes matter, and where they stand.
    case serviceByRoundTrip(String)
    /// A node itself.
    case node(String)
}
