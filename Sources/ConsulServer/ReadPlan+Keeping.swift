internal import ConsulModel

// What a query keeps of the records that it found.

extension ReadPlan {
    /// By the metadata of the node and by the filter.
    func keep<Found: Filterable>(_ records: inout [Found], meta: (Found) -> [String: String]) {
        let wanted = query.options.nodeMeta
        if !wanted.isEmpty {
            records.removeAll { record in
                let meta = meta(record)
                return !wanted.allSatisfy { meta[$0.key] == $0.value }
            }
        }
        if let filter { records.removeAll { !filter.matches($0) } }
    }

    /// By tags, in any case of letters: all of them must be there.
    func keepTagged<Found>(_ records: inout [Found], tags: (Found) -> [String]) {
        if query.tags.isEmpty { return }
        let wanted = query.tags.map { $0.lowercased() }
        records.removeAll { record in
            let has = tags(record).map { $0.lowercased() }
            return !wanted.allSatisfy(has.contains)
        }
    }
}
