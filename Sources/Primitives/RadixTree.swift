/// A sorted map from byte strings, as a value: a copy is a snapshot that shares everything with the
/// original, and costs nothing. A write changes nodes in place where nobody else holds them and
/// copies the path to them otherwise.
///
/// Keys are any collection of bytes (`text.utf8`, `[UInt8]`) and stand in byte order. Not a lock:
/// one owner writes; its copies may be read on any thread.
///
/// Public: of package generics the compiler makes no versions for the types of other modules.
public struct RadixTree<Value> {
    @usableFromInline var root = RadixNode<Value>(label: [])
    /// How many keys there are.
    @usableFromInline var size = 0

    @inlinable public init() {}

    @inlinable public var count: Int { size }
    @inlinable public var isEmpty: Bool { size == 0 }

    @inlinable
    public subscript(key: some Collection<UInt8>) -> Value? {
        Self.withBytes(key) { bytes in root.find(bytes)?.value }
    }

    /// Stores `value` and gives back the one that it replaced.
    @inlinable @discardableResult
    public mutating func insert(_ value: Value, for key: some Collection<UInt8>) -> Value? {
        let old = Self.withBytes(key) { RadixNode.insert(value, $0[...], into: &root) }
        if old == nil { size += 1 }
        return old
    }

    @inlinable @discardableResult
    public mutating func remove(_ key: some Collection<UInt8>) -> Value? {
        // Looked for first, so that a miss does not copy a path that others hold.
        guard self[key] != nil else { return nil }
        size -= 1
        return Self.withBytes(key) { RadixNode.remove($0[...], from: &root) }
    }

    /// Removes every key that begins with `prefix`; gives back how many there were.
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
    /// itself among them.
    @inlinable
    public func forEachPrefix(of key: some Collection<UInt8>, _ body: (Value) -> Void) {
        Self.withBytes(key) { root.walkPath($0, body) }
    }

    /// True when some key begins with `prefix`.
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

/// A node, reached by its label from its parent. Its fields change only while one reference is
/// held.
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

    /// The bytes between the parent and this node; empty for the root alone.
    @exclusivity(unchecked) @usableFromInline var label: [UInt8]
    @exclusivity(unchecked) @usableFromInline var value: Value?
    /// In order of their first bytes, which all differ.
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

    /// The place of the edge for `byte`, or where it would stand.
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

    /// How many bytes the label and `bytes` have in common from their beginnings.
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
    /// A node on the way down. Held by the tree that holds the first one: to count references at
    /// every step would cost more than the rest of the step.
    @usableFromInline typealias Step = Unmanaged<RadixNode>

    @inlinable func find(_ key: UnsafeBufferPointer<UInt8>) -> RadixNode? {
        var node = Step.passUnretained(self)
        var place = 0
        while place < key.count {
            guard let next = node._withUnsafeGuaranteedRef({ $0.child(key, &place) }) else {
                return nil
            }
            node = next
        }
        return node.takeUnretainedValue()
    }

    /// The node that is reached by the key's bytes from `place` on, if they hold its whole label;
    /// `place` is then behind it.
    @inlinable func child(_ key: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Step? {
        let (index, found) = slot(key[place])
        guard found else { return nil }
        let next = Step.passUnretained(edges[index].node)
        let length = next._withUnsafeGuaranteedRef { $0.labelLength(in: key, at: place) }
        guard length > 0 else { return nil }
        place &+= length
        return next
    }

    /// How long the label is; 0 when it does not stand in `key` at `place`. A label that is asked
    /// for is never empty.
    @inlinable func labelLength(in key: UnsafeBufferPointer<UInt8>, at place: Int) -> Int {
        let length = label.count
        guard length <= key.count &- place else { return 0 }
        for offset in 0..<length where label[offset] != key[place &+ offset] { return 0 }
        return length
    }

    /// The highest node all of whose keys begin with `prefix`, and how far its label goes beyond
    /// it.
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
        var place = 0
        while true {
            node._withUnsafeGuaranteedRef { if let value = $0.value { body(value) } }
            guard place < key.count,
                let next = node._withUnsafeGuaranteedRef({ $0.child(key, &place) })
            else { return }
            node = next
        }
    }

    @inlinable func countKeys() -> Int {
        edges.reduce(value == nil ? 0 : 1) { $0 + $1.node.countKeys() }
    }
}
