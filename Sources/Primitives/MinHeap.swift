/// A binary heap: the least element is removed first, in logarithmic time. Equal elements have no
/// order.
public struct MinHeap<Element: Comparable> {
    @usableFromInline var elements: [Element] = []

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { elements.isEmpty }
    @inlinable public var count: Int { elements.count }
    /// The least element; nil when there is none.
    @inlinable public var min: Element? { elements.first }

    @inlinable
    public mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes and returns the least element; nil when there is none.
    @inlinable
    public mutating func popMin() -> Element? {
        guard let least = elements.first else { return nil }
        let last = elements.removeLast()
        guard !elements.isEmpty else { return least }
        elements[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < elements.count else { return least }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            guard elements[child] < elements[parent] else { return least }
            elements.swapAt(child, parent)
            parent = child
        }
    }

    @inlinable
    public mutating func removeAll() { elements = [] }
}

extension MinHeap: Sendable where Element: Sendable {}
