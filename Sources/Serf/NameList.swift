/// A set of names from which a random one can be chosen, with an order that a run of the simulation
/// repeats. All operations take constant time.
struct NameList: Sendable {
    private(set) var names: [String] = []
    private var indices: [String: Int] = [:]

    var count: Int { names.count }
    var isEmpty: Bool { names.isEmpty }

    mutating func insert(_ name: String) {
        guard indices[name] == nil else { return }
        indices[name] = names.count
        names.append(name)
    }

    /// Removes a name; the last one takes its index.
    mutating func remove(_ name: String) {
        guard let index = indices.removeValue(forKey: name) else { return }
        let last = names.removeLast()
        guard last != name else { return }
        names[index] = last
        indices[last] = index
    }
}
