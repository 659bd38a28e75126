extension RadixTree {
    /// Iterates over the keys in byte order, one at a time, from a chosen position.
    public struct Cursor: IteratorProtocol {
        @usableFromInline var stack: [(node: RadixNode<Value>, next: Int)] = []

        /// Starts at the first key that is not below `bound`.
        @usableFromInline init(root: RadixNode<Value>, from bound: UnsafeBufferPointer<UInt8>) {
            var node = root
            var rest = bound[...]
            while let byte = rest.first {
                let (index, found) = node.slot(byte)
                guard found else {
                    stack.append((node, index + 1))
                    return
                }
                stack.append((node, index + 2))
                node = node.edges[index].node
                let common = node.common(with: rest)
                if common < node.label.count {
                    if common == rest.count || node.label[common] > rest[rest.startIndex + common] {
                        stack.append((node, 0))
                    }
                    return
                }
                rest = rest.dropFirst(common)
            }
            stack.append((node, 0))
        }

        /// Returns the next value and sets `key`. Step 0 of a node is its own value, step n its nth
        /// edge.
        public mutating func next() -> Value? {
            while let (node, step) = stack.last {
                stack[stack.count - 1].next += 1
                if step == 0 {
                    if let value = node.value { return value }
                } else if step <= node.edges.count {
                    stack.append((node.edges[step - 1].node, 0))
                } else {
                    stack.removeLast()
                }
            }
            return nil
        }

        /// The key of the value that `next` returned last.
        public var key: [UInt8] { stack.reduce(into: []) { $0 += $1.node.label } }
    }

    public func cursor(from bound: some Collection<UInt8> = EmptyCollection()) -> Cursor {
        Self.withBytes(bound) { Cursor(root: root, from: $0) }
    }
}

extension RadixTree.Cursor: Sendable where Value: Sendable {}
