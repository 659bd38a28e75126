/// The part of the catalog that an answer depends on, as far as caches of answers distinguish
/// parts.
public enum CatalogPart: Hashable, Sendable {
    case whole
    /// The whole catalog, and the nodes' network coordinates.
    case wholeByRoundTrip
    /// The instances of a service, their nodes, and the checks of both.
    case service(String)
    /// The same, sorted by round-trip time: all nodes matter, and their coordinates.
    case serviceByRoundTrip(String)
    /// A node itself.
    case node(String)
}
