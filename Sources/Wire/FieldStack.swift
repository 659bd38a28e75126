/// A field of a record that is being written: its name and its offset in the output.
struct WrittenField: @unchecked Sendable {
    let name: UnsafePointer<UInt8>
    let nameCount: Int
    /// The name's first eight bytes as a number in the same order.
    let order: UInt64
    let start: Int
    var end = 0

    @inline(__always)
    init(_ name: StaticString, at start: Int) {
        self.name = name.utf8Start
        nameCount = name.utf8CodeUnitCount
        order = Self.order(UnsafeRawPointer(self.name), nameCount)
        self.start = start
    }

    /// Compares whole words, of which the second may overlap the first: the shared bytes are equal
    /// in both.
    @inline(__always)
    private static func order(_ name: UnsafeRawPointer, _ count: Int) -> UInt64 {
        let unused = UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        if count >= 8 { return UInt64(bigEndian: name.loadUnaligned(as: UInt64.self)) }
        if count >= 4 {
            let first = UInt32(bigEndian: name.loadUnaligned(as: UInt32.self))
            let last = UInt32(
                bigEndian: name.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return UInt64(first) &<< 32 | UInt64(last) &<< unused
        }
        if count >= 2 {
            let first = UInt16(bigEndian: name.loadUnaligned(as: UInt16.self))
            let last = UInt16(
                bigEndian: name.loadUnaligned(fromByteOffset: count &- 2, as: UInt16.self))
            return UInt64(first) &<< 48 | UInt64(last) &<< unused
        }
        return count == 0 ? 0 : UInt64(name.load(as: UInt8.self)) &<< 56
    }

    @inline(__always)
    func precedes(_ other: WrittenField) -> Bool {
        if order != other.order { return order < other.order }
        return UnsafeBufferPointer(start: name, count: nameCount)
            .lexicographicallyPrecedes(
                UnsafeBufferPointer(start: other.name, count: other.nameCount))
    }
}

/// Storage for the fields of the open records of one writer. One allocation holds the object and
/// its fields; the header is their number.
final class FieldStack: ManagedBuffer<Int, WrittenField> {
    /// The number of fields that are open within a transaction about keys. A block of this size is
    /// allocated quickly.
    static func make(capacity: Int = 24) -> FieldStack {
        let made = create(minimumCapacity: capacity) { _ in capacity }
        return unsafeDowncast(made, to: FieldStack.self)
    }

    var count: Int { header }

    /// Fields are trivial types and need no deinitialisation.
    var base: UnsafeMutablePointer<WrittenField> { withUnsafeMutablePointerToElements { $0 } }

    func grown(keeping used: Int) -> FieldStack {
        let next = FieldStack.make(capacity: count * 2)
        next.base.update(from: base, count: used)
        return next
    }
}
