/// Keeps the last `limit` bytes of a stream and counts all of them, so that a flood costs no
/// memory.
public struct TailBuffer: Sendable {
    public let limit: Int
    public private(set) var total = 0
    private var ring: [UInt8] = []
    private var start = 0

    /// - Parameter limit: bytes kept, at least 1.
    public init(limit: Int) {
        precondition(limit > 0, "a tail of \(limit) bytes keeps nothing")
        self.limit = limit
    }

    public mutating func append(_ bytes: some Collection<UInt8>) {
        total += bytes.count
        for byte in bytes.suffix(limit) {
            if ring.count < limit {
                ring.append(byte)
            } else {
                ring[start] = byte
                start = (start + 1) % limit
            }
        }
    }

    /// The bytes kept, oldest first.
    public var bytes: [UInt8] { Array(ring[start...] + ring[..<start]) }

    /// The kept text as Consul shows a check's or handler's output: whole, or behind
    /// `Captured N of M bytes` and `...` on lines of their own.
    public var text: String {
        let kept = String(decoding: bytes, as: UTF8.self)
        return total > ring.count ? "Captured \(ring.count) of \(total) bytes\n...\n\(kept)" : kept
    }
}
