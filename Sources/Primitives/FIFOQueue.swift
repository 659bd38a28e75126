/// Holds elements first in, first out, in amortised constant time. A removed element is released at
/// once; the slots before the head are freed when they are half of all.
public struct FIFOQueue<Element> {
    /// Slots freed at once, so that a short queue does not move its elements at each removal.
    @usableFromInline static var slotsFreedMin: Int { 64 }
    /// Slots that an empty queue keeps for its next elements.
    @usableFromInline static var slotsKeptMax: Int { 4096 }

    /// Nil before the head, and nowhere else.
    @usableFromInline var slots: [Element?] = []
    @usableFromInline var head = 0

    @inlinable public init() {}

    @inlinable
    public mutating func append(_ element: Element) { slots.append(element) }

    @inlinable
    public mutating func append(contentsOf elements: some Sequence<Element>) {
        for element in elements { slots.append(element) }
    }

    @inlinable
    public mutating func popFirst() -> Element? {
        guard head < slots.count else { return nil }
        let element = slots[head].take()
        head += 1
        trim()
        return element
    }

    @inlinable
    public mutating func removeFirst(_ count: Int) {
        precondition(count <= self.count, "\(count) of \(self.count) elements are removed")
        for slot in head..<(head + count) { slots[slot] = nil }
        head += count
        trim()
    }

    @inlinable
    public mutating func removeLast(_ count: Int) {
        precondition(count <= self.count, "\(count) of \(self.count) elements are removed")
        slots.removeLast(count)
        trim()
    }

    @inlinable
    public mutating func removeAll() {
        slots = []
        head = 0
    }

    @inlinable
    mutating func trim() {
        if head == slots.count {
            if head == 0 { return }
            // Fast path for the usual case, which is far cheaper than the general one.
            if head == 1 {
                slots.removeLast()
            } else {
                slots.removeAll(keepingCapacity: slots.capacity <= Self.slotsKeptMax)
            }
            head = 0
        } else if head >= Self.slotsFreedMin, head * 2 >= slots.count {
            slots.removeFirst(head)
            head = 0
        }
    }
}

/// The first element has index 0.
extension FIFOQueue: RandomAccessCollection, MutableCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { slots.count - head }
    @inlinable public var count: Int { slots.count - head }
    @inlinable public var isEmpty: Bool { slots.count == head }
    @inlinable public var first: Element? { isEmpty ? nil : slots[head] }

    @inlinable
    public subscript(index: Int) -> Element {
        get { slots[head + index]! }
        set {
            precondition(index >= 0, "index \(index) is before the head")
            slots[head + index] = newValue
        }
    }
}

extension FIFOQueue: Sendable where Element: Sendable {}
extension FIFOQueue: Equatable where Element: Equatable {
    @inlinable
    public static func == (a: Self, b: Self) -> Bool { a.elementsEqual(b) }
}
