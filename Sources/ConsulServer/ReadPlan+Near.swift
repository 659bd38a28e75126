internal import ConsulModel
internal import ConsulState
internal import Primitives
internal import Vivaldi

// In which order a query wants what it found.

extension ReadPlan {
    /// Puts what is nearest to the node that the query names first, by round-trip time. What is as
    /// far stays in order, and what is not known comes last; all stays as it is where the place of
    /// the node itself is not known.
    ///
    /// The reading's index and region stay those of its records: as in Consul, a query does not
    /// wake when only distances change.
    func sort<Found>(
        _ reading: inout Reading<[Found]>, in snapshot: Snapshot, node: (Found) -> String
    ) {
        guard !query.options.near.isEmpty || !query.options.nearAddress.isEmpty else { return }
        let coordinates = snapshot.store.coordinates
        let source = source(snapshot.store.catalog)
        let from = coordinates.set(of: source)
        if from.isEmpty { return }
        reading.isByRoundTrip = true
        guard reading.value.count > 1 else { return }
        // What is of one node mostly stands together.
        var last: (node: String, nanoseconds: Int64)?
        func nanoseconds(to node: String) -> Int64 {
            if let last, last.node == node { return last.nanoseconds }
            let time = from.roundTrip(to: coordinates.set(of: node))?.nanoseconds ?? .max
            last = (node, time)
            return time
        }
        let ranked = reading.value.enumerated().map { place, found in
            (found, nanoseconds(to: node(found)), place)
        }
        reading.value = ranked.sorted { ($0.1, $0.2) < ($1.1, $1.2) }.map { $0.0 }
    }

    private func source(_ catalog: Catalog) -> String {
        let address = query.options.nearAddress
        if address.isEmpty { return query.options.near }
        return catalog.nodeName(ofAddress: address) ?? query.options.near
    }
}
