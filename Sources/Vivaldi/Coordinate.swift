public import Primitives
public import Wire

/// A place in a space in which distances are round-trip times: Vivaldi's coordinate with a height,
/// and the adjustment that Serf adds to it. All parts are seconds.
///
/// Sources: Dabek et al., "Vivaldi: A Decentralized Network Coordinate System" (2004), section 5.4
/// for heights; Lee et al., "On Suitability of Euclidean Embedding for Host-Based Network
/// Coordinate Systems" (2010) for adjustments.
public struct Coordinate: Record, Hashable, Sendable {
    /// Every agent of Consul's uses as many.
    public static let dimensions = 8
    /// The least height that an agent gives itself, in seconds.
    public static let heightMin = 10.0e-6
    /// How little an agent that has measured nothing trusts its place.
    public static let errorMax = 1.5

    public var vector: [Double] = []
    /// How far off the place may be, without a unit: the less, the better. 0 to `errorMax`.
    public var error = 0.0
    public var adjustment = 0.0
    /// The part of a round trip that is spent on the way from the node to the network.
    public var height = 0.0

    /// Without dimensions: no place at all, see `isValid`.
    public init() {}

    /// Where an agent begins that has measured nothing.
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

    /// Whether it has the dimensions that all have.
    public var isCompatible: Bool { vector.count == Self.dimensions }

    /// Whether distances can be taken from it: it is compatible, and all its numbers are finite.
    public var isValid: Bool {
        isCompatible && error.isFinite && adjustment.isFinite && height.isFinite
            && vector.allSatisfy { $0.isFinite }
    }

    /// The estimated round-trip time: the distance of the vectors and both heights, and both
    /// adjustments unless they would leave nothing. Cut to whole nanoseconds.
    ///
    /// - Returns: nil where one of the two is not valid, or where the time is beyond the range of a
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
