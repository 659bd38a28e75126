extension RadixTree {
    /// Goes over the keys in byte order, from a chosen place, one at a time.
    public struct Cursor: IteratorProtocol {
        @usableFromInline var stack: [(node: RadixNode<Value>, next: Int)] = []

        /// The keys from `bound` on.
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

        /// The next value, and with it `key`. Step 0 of a node is its own value, step n its nth
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

        /// The key of the value that `next` gave last.
        public var key: [UInt8] { stack.reduce(into: []) { $0 += $1.node.label } }
    }

    public func cursor(from bound: some Collection<UInt8> = EmptyCollection()) -> Cursor {
        Self.withBytes(bound) { Cursor(root: root, from: $0) }
    }
}

extension RadixTree.Cursor: Sendable where Value: Sendable {}
