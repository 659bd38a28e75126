package import ConsulState

extension Changes {
    /// Returns whether a read of `region` must look again: the rule of `WaiterIndex` written
    /// naively, for tests to compare with.
    package func meets(_ region: Region) -> Bool {
        switch region {
        case .key(let key):
            keys.contains { $0.utf8.elementsEqual(key.utf8) }
                || keyTrees.contains { key.utf8.starts(with: $0.utf8) }
        case .prefix(let prefix):
            keys.contains { $0.utf8.starts(with: prefix.utf8) }
                || keyTrees.contains {
                    $0.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: $0.utf8)
                }
        case .named(let kind, let name):
            names.contains { $0.kind == kind && $0.name.utf8.elementsEqual(name.utf8) }
        case .tables(let set): !tables.isDisjoint(with: set)
        }
    }

    /// Returns the touched names of a kind.
    package func names(of kind: RegionKind) -> [String] {
        names.filter { $0.kind == kind }.map(\.name)
    }
}
