/// Growing bytes for one writer. One allocation holds the object and its bytes; the header is their
/// number.
final class WireBuffer: ManagedBuffer<Int, UInt8> {
    static func make(capacity: Int) -> WireBuffer {
        let count = max(64, capacity)
        let made = create(minimumCapacity: count) { _ in count }
        return unsafeDowncast(made, to: WireBuffer.self)
    }

    var count: Int { header }

    var base: UnsafeMutablePointer<UInt8> { withUnsafeMutablePointerToElements { $0 } }

    func prefix(_ count: Int) -> [UInt8] {
        Array(UnsafeBufferPointer(start: base, count: count))
    }

    /// Grows fourfold, and twofold from one megabyte on, so that a long answer is copied a few
    /// times only.
    func grown(keeping used: Int, more: Int) -> WireBuffer {
        let factor = count < 1 << 20 ? 4 : 2
        let next = WireBuffer.make(capacity: max(used + more, count * factor))
        next.base.update(from: base, count: used)
        return next
    }
}
