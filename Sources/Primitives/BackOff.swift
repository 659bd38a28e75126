/// Computes the wait after failures in a row.
public struct BackOff: Hashable, Sendable {
    public enum Growth: Hashable, Sendable {
        case constant
        /// Twice the last wait.
        case doubling
        /// The first wait times the square of the failures.
        case square
    }

    private let first: GoDuration
    private let max: GoDuration
    private let growth: Growth

    /// - Parameters:
    ///   - first: the wait after one failure.
    ///   - max: the longest wait.
    public init(_ growth: Growth, first: GoDuration, max: GoDuration) {
        self.growth = growth
        self.first = first
        self.max = max
    }

    /// Waits equally long after each failure.
    public init(constant wait: GoDuration) { self.init(.constant, first: wait, max: wait) }

    /// - Parameter failures: at least 1.
    public func wait(after failures: Int) -> GoDuration {
        // Beyond these, every wait is the longest one, and the arithmetic would overflow.
        let factor: Int64 =
            switch growth {
            case .constant: 1
            case .doubling: 1 << Int64(Swift.min(Swift.max(failures - 1, 0), 30))
            case .square: Int64(Swift.min(failures, 1_000)) * Int64(Swift.min(failures, 1_000))
            }
        return Swift.min(first * factor, max)
    }
}
