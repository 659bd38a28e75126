/// Bytes that grow, for one writer. It changes only while one writer holds it.
final class WireBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<UInt8>
    let capacity: Int

    init(capacity: Int) {
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    func prefix(_ count: Int) -> [UInt8] {
        Array(UnsafeBufferPointer(start: base, count: count))
    }

    /// Four times as large, or twice from a megabyte on: so that a long answer is copied a few
    /// times only, and one of many megabytes no more often for each of them.
    func grown(keeping used: Int, more: Int) -> WireBuffer {
        let factor = capacity < 1 << 20 ? 4 : 2
        let next = WireBuffer(capacity: max(used + more, capacity * factor))
        next.base.update(from: base, count: used)
        return next
    }
}
