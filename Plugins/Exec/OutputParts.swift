/// Cuts a job's output into parts of `Limits.partBytes`.
struct OutputParts {
    private var open: [UInt8] = []

    var isEmpty: Bool { open.isEmpty }

    /// Adds output.
    /// - Returns: the full parts.
    mutating func add(_ bytes: [UInt8]) -> [[UInt8]] {
        open += bytes
        var parts: [[UInt8]] = []
        while open.count >= Limits.partBytes {
            parts.append(Array(open.prefix(Limits.partBytes)))
            open.removeFirst(Limits.partBytes)
        }
        return parts
    }

    /// Returns the rest.
    mutating func flush() -> [UInt8] {
        defer { open = [] }
        return open
    }
}
