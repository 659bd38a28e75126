internal import ConsulModel
internal import ConsulState
internal import Primitives
internal import Vivaldi

// The order of the records that a read found.

extension ReadPlan {
    /// Sorts by round-trip time from the source of the request. Equal distances keep their order,
    /// and unknown ones come last; nothing moves when the coordinate of the source is not known.
    ///
    /// The reading's index and region stay those of its records: as in Consul, a read does not
    /// wake when only distances change.
    func sort<Found>(
        _ reading: inout Reading<[Found]>, in view: StateView, node: (Found) -> String
    ) {
        guard !options.source.isEmpty else { return }
        let coordinates = view.store.coordinates
        let source = source(view.store.catalog)
        let from = coordinates.set(of: source)
        if from.isEmpty { return }
        reading.isByRoundTrip = true
        guard reading.value.count > 1 else { return }
        // Records of one node are mostly adjacent.
        var last: (node: String, nanoseconds: Int64)?
        func nanoseconds(to node: String) -> Int64 {
            if let last, last.node == node { return last.nanoseconds }
            let time = from.roundTrip(to: coordinates.set(of: node))?.nanoseconds ?? .max
            last = (node, time)
            return time
        }
        let ranked = reading.value.enumerated().map { index, found in
            (found, nanoseconds(to: node(found)), index)
        }
        reading.value = ranked.sorted { ($0.1, $0.2) < ($1.1, $1.2) }.map { $0.0 }
    }

    private func source(_ catalog: Catalog) -> String {
        let source = options.source
        if source.ip.isEmpty { return source.node }
        return catalog.nodeName(ofAddress: source.ip) ?? source.node
    }
}
