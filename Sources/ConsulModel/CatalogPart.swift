/// What of the catalog an answer depends on, as far as those that keep answers tell parts apart.
public enum CatalogPart: Hashable, Sendable {
    case whole
    /// Instances of a service, their nodes, and the checks that bear on them.
    case service(String)
    /// A node itself.
    case node(String)
}
