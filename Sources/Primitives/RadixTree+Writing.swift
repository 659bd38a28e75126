// Changes to nodes. Each function receives the reference inout, so that it can test whether it is
// the only one.

extension RadixNode {
    @usableFromInline typealias Key = Slice<UnsafeBufferPointer<UInt8>>

    @inlinable static func own(_ node: inout RadixNode) {
        if !isKnownUniquelyReferenced(&node) { node = RadixNode(copying: node) }
    }

    /// - Parameter key: the rest of the key after `node`'s own label.
    @inlinable static func insert(
        _ value: Value, _ key: Key, into node: inout RadixNode
    ) -> Value? {
        guard let byte = key.first else {
            let old = node.value
            if isKnownUniquelyReferenced(&node) {
                node.value = value
            } else {
                node = RadixNode(label: node.label, value: value, edges: node.edges)
            }
            return old
        }
        own(&node)
        let (index, found) = node.slot(byte)
        guard found else {
            node.edges.insert(
                Edge(byte, RadixNode(label: Array(key), value: value)), at: index)
            return nil
        }
        let common = node.edges[index].node.common(with: key)
        if common < node.edges[index].node.label.count {
            split(&node.edges[index].node, after: common)
        }
        return insert(value, key.dropFirst(common), into: &node.edges[index].node)
    }

    /// Inserts a node without a value between `node` and its parent.
    @inlinable static func split(_ node: inout RadixNode, after length: Int) {
        own(&node)
        let middle = RadixNode(label: Array(node.label[..<length]))
        node.label.removeFirst(length)
        middle.edges = [Edge(node.label[0], node)]
        node = middle
    }

    /// Removes a key that exists.
    @inlinable static func remove(_ key: Key, from node: inout RadixNode) -> Value? {
        own(&node)
        guard let byte = key.first else {
            let old = node.value
            node.value = nil
            return old
        }
        let index = node.slot(byte).index
        let length = node.edges[index].node.label.count
        let old = remove(key.dropFirst(length), from: &node.edges[index].node)
        tidy(&node, index)
        return old
    }

    /// Removes all keys under a prefix; at least one exists.
    @inlinable static func prune(_ prefix: Key, from node: inout RadixNode) {
        own(&node)
        guard let byte = prefix.first else {
            node.value = nil
            node.edges = []
            return
        }
        let index = node.slot(byte).index
        let length = node.edges[index].node.label.count
        if length >= prefix.count {
            node.edges.remove(at: index)
        } else {
            prune(prefix.dropFirst(length), from: &node.edges[index].node)
            tidy(&node, index)
        }
    }

    /// Restores the shape after a removal below edge `index`: a node without a value has at least
    /// two edges, except the root.
    @inlinable static func tidy(_ node: inout RadixNode, _ index: Int) {
        let child = node.edges[index].node
        guard child.value == nil else { return }
        if child.edges.isEmpty {
            node.edges.remove(at: index)
        } else if child.edges.count == 1 {
            let only = child.edges[0].node
            let joined = RadixNode(copying: only)
            joined.label = child.label + only.label
            node.edges[index].node = joined
        }
    }
}

extension RadixTree {
    /// Stops the process with the fault when an invariant of the tree does not hold. For tests.
    public func checkInvariants() {
        let counted = root.countKeys()
        precondition(counted == size, "count is \(size), keys are \(counted)")
        precondition(root.label.isEmpty, "the root has a label")
        for edge in root.edges { edge.node.checkInvariants(reachedBy: edge.byte) }
    }
}

extension RadixNode {
    @usableFromInline func checkInvariants(reachedBy byte: UInt8) {
        precondition(label.first == byte, "label \(label) under edge \(byte)")
        precondition(value != nil || edges.count > 1, "idle node \(label)")
        for (left, right) in zip(edges, edges.dropFirst()) {
            precondition(left.byte < right.byte, "edges out of order under \(label)")
        }
        for edge in edges { edge.node.checkInvariants(reachedBy: edge.byte) }
    }
}
