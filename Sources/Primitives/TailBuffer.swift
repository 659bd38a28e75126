/// Keeps the last `limit` bytes of a stream and counts all of them, so that long output costs
/// bounded memory.
public struct TailBuffer: Sendable {
    public let limit: Int
    public private(set) var total = 0
    private var ring: [UInt8] = []
    private var start = 0

    /// - Parameter limit: the number of bytes to keep, at least 1.
    public init(limit: Int) {
        precondition(limit > 0, "a tail of \(limit) bytes keeps nothing")
        self.limit = limit
    }

    public mutating func append(_ bytes: some Collection<UInt8>) {
        let isAppended: Void? = bytes.withContiguousStorageIfAvailable {
            append(UnsafeRawBufferPointer($0))
        }
        if isAppended == nil { Array(bytes).withUnsafeBytes { append($0) } }
    }

    /// Appends whole blocks: long output costs one copy of at most `limit` bytes per call.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        total += bytes.count
        var rest = UnsafeRawBufferPointer(rebasing: bytes.suffix(limit))
        let free = min(limit - ring.count, rest.count)
        ring.append(contentsOf: rest.prefix(free))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(free))
        while !rest.isEmpty {
            let count = min(rest.count, limit - start)
            ring.withUnsafeMutableBytes { ring in
                ring[start..<start + count].copyBytes(from: rest.prefix(count))
            }
            start = (start + count) % limit
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// The bytes kept, oldest first.
    public var bytes: [UInt8] { Array(ring[start...] + ring[..<start]) }

    /// Returns the kept text as Consul shows output of checks and handlers: whole, or behind
    /// `Captured N of M bytes` and `...` on lines of their own.
    public var text: String {
        let kept = String(decoding: bytes, as: UTF8.self)
        return total > ring.count ? "Captured \(ring.count) of \(total) bytes\n...\n\(kept)" : kept
    }
}
