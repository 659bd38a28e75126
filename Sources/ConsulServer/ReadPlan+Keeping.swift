internal import ConsulModel

// The records that a read keeps of those that it found.

extension ReadPlan {
    /// Keeps the records whose node has the metadata of the request, and that the filter matches.
    func keep<Found: Filterable>(_ records: inout [Found], meta: (Found) -> [String: String]) {
        let wanted = options.nodeMeta
        if !wanted.isEmpty {
            records.removeAll { record in
                let meta = meta(record)
                return !wanted.allSatisfy { meta[$0.key] == $0.value }
            }
        }
        if let filter { records.removeAll { !filter.matches($0) } }
    }

    /// Keeps the records with all of the wanted tags, in any case of letters.
    func keepTagged<Found>(
        _ records: inout [Found], _ wanted: [String], tags: (Found) -> [String]
    ) {
        if wanted.isEmpty { return }
        let wanted = wanted.map { $0.lowercased() }
        records.removeAll { record in
            let has = tags(record).map { $0.lowercased() }
            return !wanted.allSatisfy(has.contains)
        }
    }
}
