/// A sorted map from byte strings with value semantics: copying costs one retain and shares all
/// nodes. A write changes nodes in place where it holds the only reference, and copies the path to
/// them otherwise.
///
/// Keys are any collection of bytes (`text.utf8`, `[UInt8]`), in byte order. Without a lock: one
/// owner writes; any thread may read its copies.
///
/// Public, because the compiler does not specialise package generics for the types of other
/// modules.
public struct RadixTree<Value> {
    @usableFromInline var root = RadixNode<Value>(label: [])
    /// The number of keys.
    @usableFromInline var size = 0

    @inlinable public init() {}

    @inlinable public var count: Int { size }
    @inlinable public var isEmpty: Bool { size == 0 }

    @inlinable
    public subscript(key: some Collection<UInt8>) -> Value? {
        Self.withBytes(key) { bytes in root.find(bytes)?.value }
    }

    /// Stores `value` and returns the value that it replaced.
    @inlinable @discardableResult
    public mutating func insert(_ value: Value, for key: some Collection<UInt8>) -> Value? {
        let old = Self.withBytes(key) { RadixNode.insert(value, $0[...], into: &root) }
        if old == nil { size += 1 }
        return old
    }

    @inlinable @discardableResult
    public mutating func remove(_ key: some Collection<UInt8>) -> Value? {
        // Looks the key up first, so that a miss does not copy a shared path.
        guard self[key] != nil else { return nil }
        size -= 1
        return Self.withBytes(key) { RadixNode.remove($0[...], from: &root) }
    }

    /// Removes every key that begins with `prefix`, and returns their number.
    @inlinable @discardableResult
    public mutating func removeAll(under prefix: some Collection<UInt8>) -> Int {
        let removed = Self.withBytes(prefix) { bytes in
            guard let top = root.top(under: bytes) else { return 0 }
            let count = top.node.countKeys()
            if count > 0 { RadixNode.prune(bytes[...], from: &root) }
            return count
        }
        size -= removed
        return removed
    }

    @inlinable
    public mutating func removeAll() { self = RadixTree() }

    /// Calls `body` with the values of all keys that are prefixes of `key`, shortest first, `key`
    /// itself included.
    @inlinable
    public func forEachPrefix(of key: some Collection<UInt8>, _ body: (Value) -> Void) {
        Self.withBytes(key) { root.walkPath($0, body) }
    }

    /// Returns true when a key begins with `prefix`.
    @inlinable
    public func contains(under prefix: some Collection<UInt8>) -> Bool {
        Self.withBytes(prefix) { root.top(under: $0) != nil && size > 0 }
    }

    /// Calls `body` with the value of each key that begins with `prefix`, in byte order of the
    /// keys.
    @inlinable
    public func forEach(under prefix: some Collection<UInt8>, _ body: (Value) -> Void) {
        Self.withBytes(prefix) { root.top(under: $0)?.node.walk(body) }
    }

    @inlinable
    public func forEach(_ body: (Value) -> Void) { root.walk(body) }

    @inlinable
    static func withBytes<Result>(
        _ key: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        if let result = key.withContiguousStorageIfAvailable(body) { return result }
        return Array(key).withUnsafeBufferPointer(body)
    }
}

extension RadixTree: Sendable where Value: Sendable {}

/// A node, reached from its parent by its label. Its fields change only while it has one reference.
@usableFromInline
final class RadixNode<Value> {
    @usableFromInline struct Edge {
        @usableFromInline var byte: UInt8
        @usableFromInline var node: RadixNode
        @inlinable init(_ byte: UInt8, _ node: RadixNode) {
            self.byte = byte
            self.node = node
        }
    }

    /// The bytes between the parent and this node; empty for the root only.
    @exclusivity(unchecked) @usableFromInline var label: [UInt8]
    @exclusivity(unchecked) @usableFromInline var value: Value?
    /// Sorted by their first bytes, which are distinct.
    @exclusivity(unchecked) @usableFromInline var edges: [Edge]

    @inlinable init(label: [UInt8], value: Value? = nil, edges: [Edge] = []) {
        self.label = label
        self.value = value
        self.edges = edges
    }

    @inlinable init(copying other: RadixNode) {
        label = other.label
        value = other.value
        edges = other.edges
    }

    /// Returns the index of the edge for `byte`, or its insertion index.
    @inlinable func slot(_ byte: UInt8) -> (index: Int, found: Bool) {
        var low = 0
        var high = edges.count
        while low < high {
            let middle = (low + high) >> 1
            let at = edges[middle].byte
            if at == byte { return (middle, true) }
            if at < byte { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }

    /// Returns the length of the common prefix of the label and `bytes`.
    @inlinable func common(with bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        let limit = min(label.count, bytes.count)
        var length = 0
        while length < limit, label[length] == bytes[bytes.startIndex + length] { length += 1 }
        return length
    }
}

extension RadixNode: @unchecked Sendable where Value: Sendable {}

// MARK: Reading

extension RadixNode {
    /// A node during a descent, without a retain of its own: retaining at every step would cost
    /// more than the rest of the step. The tree keeps it alive.
    @usableFromInline typealias Step = Unmanaged<RadixNode>

    @inlinable func find(_ key: UnsafeBufferPointer<UInt8>) -> RadixNode? {
        var node = Step.passUnretained(self)
        var position = 0
        while position < key.count {
            guard let next = node._withUnsafeGuaranteedRef({ $0.child(key, &position) }) else {
                return nil
            }
            node = next
        }
        return node.takeUnretainedValue()
    }

    /// Returns the child whose whole label matches the key from `position` on, and moves `position`
    /// behind it.
    @inlinable func child(_ key: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Step? {
        let (index, found) = slot(key[position])
        guard found else { return nil }
        let next = Step.passUnretained(edges[index].node)
        let length = next._withUnsafeGuaranteedRef { $0.labelLength(in: key, at: position) }
        guard length > 0 else { return nil }
        position &+= length
        return next
    }

    /// Returns the label's length when the label matches `key` at `position`, else 0. The label is
    /// never empty.
    @inlinable func labelLength(in key: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
        let length = label.count
        guard length <= key.count &- position else { return 0 }
        for offset in 0..<length where label[offset] != key[position &+ offset] { return 0 }
        return length
    }

    /// Returns the highest node all of whose keys begin with `prefix`, and how far its label
    /// extends beyond the prefix.
    @inlinable func top(
        under prefix: UnsafeBufferPointer<UInt8>
    ) -> (node: RadixNode, overhang: Int)? {
        unowned(unsafe) var node = self
        var rest = prefix[...]
        while let byte = rest.first {
            let (index, found) = node.slot(byte)
            guard found else { return nil }
            node = node.edges[index].node
            let common = node.common(with: rest)
            if common == rest.count { return (node, node.label.count - common) }
            guard common == node.label.count else { return nil }
            rest = rest.dropFirst(common)
        }
        return (node, 0)
    }

    @inlinable func walk(_ body: (Value) -> Void) {
        if let value { body(value) }
        for edge in edges { edge.node.walk(body) }
    }

    @inlinable func walkPath(_ key: UnsafeBufferPointer<UInt8>, _ body: (Value) -> Void) {
        var node = Step.passUnretained(self)
        var position = 0
        while true {
            node._withUnsafeGuaranteedRef { if let value = $0.value { body(value) } }
            guard position < key.count,
                let next = node._withUnsafeGuaranteedRef({ $0.child(key, &position) })
            else { return }
            node = next
        }
    }

    @inlinable func countKeys() -> Int {
        edges.reduce(value == nil ? 0 : 1) { $0 + $1.node.countKeys() }
    }
}
