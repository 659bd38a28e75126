public import Primitives
public import Wire

/// A point in a space whose distances are round-trip times: Vivaldi's coordinate with a height, and
/// the adjustment that Serf adds to it. All parts are seconds.
///
/// Sources: Dabek et al., "Vivaldi: A Decentralized Network Coordinate System" (2004), section 5.4
/// for heights; Lee et al., "On Suitability of Euclidean Embedding for Host-Based Network
/// Coordinate Systems" (2010) for adjustments.
public struct Coordinate: Record, Hashable, Sendable {
    /// The number of dimensions in every agent of Consul.
    public static let dimensions = 8
    /// The smallest height of an agent, in seconds.
    public static let heightMin = 10.0e-6
    /// The initial error, and the largest.
    public static let errorMax = 1.5

    public var vector: [Double] = []
    /// The estimated relative error, without a unit: 0 to `errorMax`.
    public var error = 0.0
    public var adjustment = 0.0
    /// The part of a round trip between the node and the network's core.
    public var height = 0.0

    /// Makes a coordinate without dimensions, which is not valid (`isValid`).
    public init() {}

    /// The initial coordinate of an agent that has measured nothing.
    public static let origin: Coordinate = {
        var origin = Coordinate()
        origin.vector = [Double](repeating: 0, count: dimensions)
        origin.error = errorMax
        origin.height = heightMin
        return origin
    }()

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Vec", &vector)
        try visit.field("Error", &error)
        try visit.field("Adjustment", &adjustment)
        try visit.field("Height", &height)
    }

    /// Whether it has the common number of dimensions.
    public var isCompatible: Bool { vector.count == Self.dimensions }

    /// Whether distances can be computed: the coordinate is compatible, and all its numbers are
    /// finite.
    public var isValid: Bool {
        isCompatible && error.isFinite && adjustment.isFinite && height.isFinite
            && vector.allSatisfy { $0.isFinite }
    }

    /// Returns the estimated round-trip time: the distance of the vectors plus both heights, plus
    /// both adjustments unless the sum would not be positive. Truncated to nanoseconds.
    ///
    /// - Returns: nil when one of the two is not valid, or the time is beyond the range of a
    ///   duration.
    public func roundTrip(to other: Coordinate) -> GoDuration? {
        guard isValid, other.isValid else { return nil }
        var squares = 0.0
        for index in vector.indices {
            let difference = vector[index] - other.vector[index]
            squares += difference * difference
        }
        let plain = squares.squareRoot() + height + other.height
        let adjusted = plain + adjustment + other.adjustment
        let seconds = adjusted > 0 ? adjusted : plain
        return Int64(exactly: (seconds * 1e9).rounded(.towardZero)).map {
            GoDuration(nanoseconds: $0)
        }
    }
}
