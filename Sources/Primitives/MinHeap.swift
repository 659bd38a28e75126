/// A binary heap: removes the least element in logarithmic time. Equal elements have no order.
public struct MinHeap<Element: Comparable> {
    @usableFromInline var elements: [Element] = []

    @inlinable public init() {}

    @inlinable public var count: Int { elements.count }
    @inlinable public var isEmpty: Bool { elements.isEmpty }
    /// The least element.
    @inlinable public var first: Element? { elements.first }

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

    @inlinable
    public mutating func popFirst() -> Element? {
        guard let least = elements.first, let last = elements.popLast() else { return nil }
        if !elements.isEmpty {
            elements[0] = last
            sink(0)
        }
        return least
    }

    /// Removes the elements that match, in linear time.
    @inlinable
    public mutating func removeAll(where matches: (Element) -> Bool) {
        elements.removeAll(where: matches)
        for parent in stride(from: elements.count / 2 - 1, through: 0, by: -1) { sink(parent) }
    }

    @inlinable
    mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            let child = 2 * parent + 1
            if child < elements.count, elements[child] < elements[least] { least = child }
            if child + 1 < elements.count, elements[child + 1] < elements[least] {
                least = child + 1
            }
            if least == parent { return }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}

extension MinHeap: Sendable where Element: Sendable {}
